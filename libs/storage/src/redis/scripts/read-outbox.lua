-- Reads Welcomes of a group's outbox, the oldest first: name, Welcome, and so on.
-- KEYS  1 outbox  2 its order
-- ARGV  1 most Welcomes  2 most bytes  3 how many are passed over at least, then names after which to go on if they are still there
local from = tonumber(ARGV[3])
for i = 4, #ARGV do
  local rank = redis.call('ZRANK', KEYS[2], ARGV[i])
  if rank and rank >= from then from = rank + 1 end
end
local answer, bytes = { from }, 0
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], from, from + tonumber(ARGV[1]) - 1)) do
  local welcome = redis.call('HGET', KEYS[1], name)
  bytes = bytes + #welcome
  if #answer > 1 and bytes > tonumber(ARGV[2]) then return answer end
  table.insert(answer, name)
  table.insert(answer, welcome)
end
return answer

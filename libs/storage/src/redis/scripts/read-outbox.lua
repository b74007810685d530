-- Reads the oldest Welcomes of a group's outbox: name, Welcome, and so on.
-- KEYS  1 outbox  2 its order   ARGV  1 most Welcomes  2 most bytes
local answer, bytes = {}, 0
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, tonumber(ARGV[1]) - 1)) do
  local welcome = redis.call('HGET', KEYS[1], name)
  bytes = bytes + #welcome
  if #answer > 0 and bytes > tonumber(ARGV[2]) then return answer end
  table.insert(answer, name)
  table.insert(answer, welcome)
end
return answer

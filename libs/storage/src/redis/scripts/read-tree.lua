-- Reads parts of the tree of an epoch: the tree, then the parts that there are.
-- ARGV  1 epoch  2 first part  3 last part
local tree = redis.call('HGET', KEYS[7], ARGV[1])
if not tree then return nil end
local answer = { tree }
for part = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  local bytes = redis.call('HGET', KEYS[8], ARGV[1] .. '/' .. part)
  if not bytes then break end
  table.insert(answer, bytes)
end
return answer

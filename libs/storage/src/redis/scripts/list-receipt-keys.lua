-- Lists the keys that sign receipts, the newest first: name, record, and so on. There are few: one for each rotation.
-- KEYS  1 names, the newest last  2 records by name
local names, answer = redis.call('LRANGE', KEYS[1], 0, -1), {}
for i = #names, 1, -1 do
  table.insert(answer, names[i])
  table.insert(answer, redis.call('HGET', KEYS[2], names[i]))
end
return answer

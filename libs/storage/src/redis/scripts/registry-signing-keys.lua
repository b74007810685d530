-- Lists the signing keys, the newest first: what may be published, private key or nothing. There are few.
-- KEYS  as in registry-add-signing-key.lua
local names, answer = redis.call('LRANGE', KEYS[1], 0, -1), {}
for i = #names, 1, -1 do
  table.insert(answer, redis.call('HGET', KEYS[2], names[i]))
  table.insert(answer, redis.call('HGET', KEYS[3], names[i]))
end
return answer

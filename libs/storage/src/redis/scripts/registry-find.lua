-- Reads records, an empty one for each that is not there.
-- KEYS  the records
local answer = {}
for i, key in ipairs(KEYS) do answer[i] = redis.call('HGETALL', key) end
return answer

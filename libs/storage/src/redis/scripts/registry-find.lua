-- Reads records, an empty one for each that is not there.
-- KEYS  the records
local answer = {}
for i = 1, #KEYS do answer[i] = redis.call('HGETALL', KEYS[i]) end
return answer

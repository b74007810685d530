-- Uses a challenge up.
-- KEYS  1 challenge   ARGV  1 purpose  2 now
local found = redis.call('HMGET', KEYS[1], 'purpose', 'expiresAt')
if found[1] ~= ARGV[1] then return 'challengeUnknown' end
redis.call('DEL', KEYS[1])
return tonumber(found[2]) < tonumber(ARGV[2]) and 'challengeExpired' or 'consumed'

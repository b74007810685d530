-- Says whether a claim would get the answer that it got before: 1, 0.
-- KEYS  1 about the device  2 the answer to this claim
-- ARGV  1 now
local about = redis.call('HMGET', KEYS[1], 'revoked', 'withdrawals')
local earlier = redis.call('HMGET', KEYS[2], 'expiresAt', 'withdrawals')
if about[1] == '1' or not earlier[1] then return 0 end
if tonumber(earlier[1]) < tonumber(ARGV[1]) or earlier[2] ~= (about[2] or '0') then return 0 end
return 1

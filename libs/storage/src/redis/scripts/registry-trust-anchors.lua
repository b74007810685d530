-- Gives the version of a set of trust anchors; a new one when it is not the newest set.
-- KEYS  1 the newest set   ARGV  1 hash of the set
local newest = redis.call('HMGET', KEYS[1], 'hash', 'version')
if newest[1] == ARGV[1] then return newest[2] end
redis.call('HSET', KEYS[1], 'hash', ARGV[1])
return tostring(redis.call('HINCRBY', KEYS[1], 'version', 1))

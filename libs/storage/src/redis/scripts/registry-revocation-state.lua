-- Reads the revocation version and the newest list.
-- KEYS  1 revocation version  2 revocation list
local list = redis.call('HMGET', KEYS[2], 'number', 'version', 'jwt', 'renewAt')
local version = redis.call('GET', KEYS[1]) or '0'
if not list[1] then return { version } end
return { version, list[1], list[2], list[3], list[4] }

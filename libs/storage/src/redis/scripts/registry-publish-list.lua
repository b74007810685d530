-- Puts a revocation list in the place of the newest one.
-- KEYS  1 revocation list   ARGV  1 number of the newest one, 0 for none  2 number  3 version  4 JWT  5 renew at
if (redis.call('HGET', KEYS[1], 'number') or '0') ~= ARGV[1] then return 'superseded' end
redis.call('HSET', KEYS[1], 'number', ARGV[2], 'version', ARGV[3], 'jwt', ARGV[4], 'renewAt', ARGV[5])
return 'published'

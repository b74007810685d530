-- Adds a signing key behind the newest one.
-- KEYS  1 names, the newest last  2 what may be published, by name  3 private keys by name
-- ARGV  1 name of the newest one, empty for none  2 name  3 what may be published  4 private key, empty for none
if (redis.call('LINDEX', KEYS[1], -1) or '') ~= ARGV[1] then return 'superseded' end
redis.call('RPUSH', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[3], ARGV[2], ARGV[4]) end
return 'added'

-- Keeps a challenge.
-- KEYS  1 challenge   ARGV  1 purpose  2 expires at  3 milliseconds until it is forgotten
redis.call('HSET', KEYS[1], 'purpose', ARGV[1], 'expiresAt', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 'kept'

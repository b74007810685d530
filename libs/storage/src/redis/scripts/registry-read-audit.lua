-- Reads entries of the audit log, each behind its hash.
-- KEYS  1 audit log   ARGV  1 position of the first  2 of the last
return redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])

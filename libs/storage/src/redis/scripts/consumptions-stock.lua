-- Reads a page of who consumed what: <sequence> <at> <suite> <last resort?> <length of ref> <ref><caller>
-- KEYS  1 who consumed what, by sequence
-- ARGV  1 after this sequence  2 most entries
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[2])

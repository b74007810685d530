-- Lists names in order, from a bound on.
-- KEYS  1 the list   ARGV  1 bound: - or ( and the last name seen  2 how many
return redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])

-- Takes a device off the list of its user.
-- KEYS  1 the devices of the user
-- ARGV  1 device
return redis.call('ZREM', KEYS[1], ARGV[1])

-- Notes that a group is about to have something in its outbox. Answers this server's time in seconds.
-- KEYS  1 the list: groups by the time of the last note   ARGV  1 group
local now = redis.call('TIME')[1]
redis.call('ZADD', KEYS[1], now, ARGV[1])
return now

-- Puts an entry into a mailbox, once. Answers its sequence number, minus the one that it had, or 0 when there is no room.
-- KEYS  1 last sequence number  2 entries: a stream, id <sequence>-<time>  3 deliveries by sequence number  4 channel
-- ARGV  1 delivery  2 most deliveries to remember  3 entry  4 time  5 most entries
local earlier = redis.call('ZSCORE', KEYS[3], ARGV[1])
if earlier then return -tonumber(earlier) end
if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[5]) then return 0 end
local sequence = redis.call('INCR', KEYS[1])
redis.call('XADD', KEYS[2], string.format('%.0f-', sequence) .. ARGV[4], 'e', ARGV[3])
redis.call('ZADD', KEYS[3], sequence, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -tonumber(ARGV[2]) - 1)
redis.call('SPUBLISH', KEYS[4], '')
return sequence

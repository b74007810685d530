-- Puts an entry into a mailbox, once. Answers its sequence number, or minus the one that it had.
-- KEYS  1 last sequence number  2 entries: a stream, id <sequence>-0  3 deliveries by sequence number  4 channel
-- ARGV  1 delivery  2 most deliveries to remember  3 entry
local earlier = redis.call('ZSCORE', KEYS[3], ARGV[1])
if earlier then return -tonumber(earlier) end
local sequence = redis.call('INCR', KEYS[1])
redis.call('XADD', KEYS[2], string.format('%.0f-0', sequence), 'e', ARGV[3])
redis.call('ZADD', KEYS[3], sequence, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -tonumber(ARGV[2]) - 1)
redis.call('SPUBLISH', KEYS[4], '')
return sequence

-- Deletes a mailbox's entries before a sequence number. What was delivered stays known.
-- KEYS  as in deliver.lua   ARGV  1 the first to stay
return redis.call('XTRIM', KEYS[2], 'MINID', ARGV[1])

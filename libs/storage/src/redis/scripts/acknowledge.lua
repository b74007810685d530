-- Deletes a mailbox's entries before a sequence number, if the mailbox has reached the one before it. What was delivered stays known.
-- KEYS  as in deliver.lua   ARGV  1 the first to stay
if tonumber(ARGV[1]) - 1 > tonumber(redis.call('GET', KEYS[1]) or '0') then return 0 end
return redis.call('XTRIM', KEYS[2], 'MINID', ARGV[1])

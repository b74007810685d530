-- Tells whether a ticket is neither used nor expired (1, 0).
-- ARGV  1 hash of the token  2 now
local expiry = redis.call('ZSCORE', KEYS[9], ARGV[1])
return (expiry and tonumber(expiry) >= tonumber(ARGV[2])) and 1 or 0

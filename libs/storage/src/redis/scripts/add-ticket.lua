-- Registers a ticket.
-- ARGV  1 hash of the token  2 expiry  3 now  4 most open tickets  5 epoch
local ticket, expiry, now = ARGV[1], ARGV[2], ARGV[3]
local head = readHead()
if not head then return 'unknownGroup' end
if head.epoch ~= tonumber(ARGV[5]) then return 'epochOver' end
redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', '(' .. now)
redis.call('ZREMRANGEBYSCORE', KEYS[10], '-inf', '(' .. now)
if redis.call('ZSCORE', KEYS[10], ticket) then return 'used' end
if redis.call('ZSCORE', KEYS[9], ticket) then return 'same' end
if redis.call('ZCARD', KEYS[9]) >= tonumber(ARGV[4]) then return 'full' end
redis.call('ZADD', KEYS[9], expiry, ticket)
return 'added'

-- Forgets a group whose outbox was found empty, unless it was noted again since or so lately that what was announced may come.
-- KEYS  1 the list   ARGV  1 group  2 time of the note that was seen  3 how old it must be, in seconds
local noted = redis.call('ZSCORE', KEYS[1], ARGV[1])
local now = tonumber(redis.call('TIME')[1])
if noted ~= ARGV[2] or now - tonumber(noted) < tonumber(ARGV[3]) then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])

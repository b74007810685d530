-- Adds a key that signs receipts unless its name is there or, if asked, any key is. Answers the newest one's name and record.
-- KEYS  1 names, the newest last  2 records by name   ARGV  1 name  2 record  3 only if there is none (1, 0)
local function newest() return redis.call('LINDEX', KEYS[1], -1) end
if not newest() or ARGV[3] == '0' then
  if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2]) == 1 then redis.call('RPUSH', KEYS[1], ARGV[1]) end
end
return { newest(), redis.call('HGET', KEYS[2], newest()) }

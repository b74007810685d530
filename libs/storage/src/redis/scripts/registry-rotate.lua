-- Gives a device another key. After registry-audit.lua.
-- KEYS  2 device  3 device by the new key  4 revoked names  5 revocation version
-- ARGV  5 device  6 current key  7 suite  8 new key  9 what to revoke, empty when nothing  10 now
--       11 until when the device would have to be named  12 until when to name what is revoked, at least
local known = redis.call('HMGET', KEYS[2], 'key', 'revokedAt', 'keepUntil')
if known[1] ~= ARGV[6] or known[2] then return { 'otherKey' } end
if redis.call('EXISTS', KEYS[3]) == 1 then return { 'keyInUse' } end

local moved = auditMoved()
if moved then return moved end
redis.call('HSET', KEYS[2], 'suite', ARGV[7], 'key', ARGV[8], 'keySince', ARGV[10],
  'keepUntil', later(ARGV[11], known[3]))
redis.call('SET', KEYS[3], ARGV[5])
if ARGV[9] ~= '' then
  redis.call('ZADD', KEYS[4], later(ARGV[12], known[3]), ARGV[9])
  redis.call('INCR', KEYS[5])
end
appendAudit()
return { 'rotated', redis.call('HGETALL', KEYS[2]) }

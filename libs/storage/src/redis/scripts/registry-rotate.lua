-- Gives a device another key. After registry-audit.lua.
-- KEYS  2 device  3 device by the new key  4 revoked names  5 revocation version
-- ARGV  4 device  5 current key  6 suite  7 new key  8 now  9 what to revoke, empty when nothing  10 until when to name it
local known = redis.call('HMGET', KEYS[2], 'key', 'revokedAt')
if known[1] ~= ARGV[5] or known[2] then return { 'otherKey' } end
if redis.call('EXISTS', KEYS[3]) == 1 then return { 'keyInUse' } end

local moved = auditMoved()
if moved then return moved end
redis.call('HSET', KEYS[2], 'suite', ARGV[6], 'key', ARGV[7], 'keySince', ARGV[8])
redis.call('SET', KEYS[3], ARGV[4])
if ARGV[9] ~= '' then
  redis.call('ZADD', KEYS[4], ARGV[10], ARGV[9])
  redis.call('INCR', KEYS[5])
end
appendAudit()
return { 'rotated', redis.call('HGETALL', KEYS[2]) }

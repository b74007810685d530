-- Revokes a device. After registry-audit.lua.
-- KEYS  2 device  3 revoked names  4 revocation version   ARGV  5 user  6 now  7 what to name  8 until when at least
local known = redis.call('HMGET', KEYS[2], 'user', 'revokedAt', 'keepUntil')
if known[1] ~= ARGV[5] then return { 'unknownDevice' } end
if known[2] then return { 'alreadyRevoked', known[2] } end

local moved = auditMoved()
if moved then return moved end
redis.call('HSET', KEYS[2], 'revokedAt', ARGV[6])
redis.call('ZADD', KEYS[3], later(ARGV[8], known[3]), ARGV[7])
redis.call('INCR', KEYS[4])
appendAudit()
return { 'revoked', ARGV[6] }

-- Records that credentials are issued for the key that a device has. After registry-audit.lua.
-- KEYS  2 device   ARGV  5 current key  6 until when it would have to be named
local known = redis.call('HMGET', KEYS[2], 'key', 'revokedAt', 'keepUntil')
if known[1] ~= ARGV[5] or known[2] then return { 'otherKey' } end

local moved = auditMoved()
if moved then return moved end
redis.call('HSET', KEYS[2], 'keepUntil', later(ARGV[6], known[3]))
appendAudit()
return { 'recorded', redis.call('HGETALL', KEYS[2]) }

-- Enrols a device. After registry-audit.lua.
-- KEYS  2 evidence  3 challenge  4 the new device  5 device by key  6 devices of the user
-- ARGV  4 now  5 purpose  6 device  7 suite  8 signature public key  9 user
local now, device = tonumber(ARGV[4]), ARGV[6]
local evidence = redis.call('HMGET', KEYS[2], 'user', 'expiresAt', 'usedBy')
if evidence[1] ~= ARGV[9] then return { 'evidenceUnknown' } end
if evidence[3] then return { 'used', evidence[3] } end
if tonumber(evidence[2]) < now then return { 'evidenceExpired' } end

local challenge = redis.call('HMGET', KEYS[3], 'purpose', 'expiresAt')
if challenge[1] ~= ARGV[5] then return { 'challengeUnknown' } end
if tonumber(challenge[2]) < now then return { 'challengeExpired' } end
if redis.call('EXISTS', KEYS[5]) == 1 then return { 'keyInUse' } end

local moved = auditMoved()
if moved then return moved end
redis.call('HSET', KEYS[4], 'device', device, 'user', ARGV[9], 'suite', ARGV[7], 'key', ARGV[8],
  'enrolledAt', ARGV[4], 'keySince', ARGV[4])
redis.call('SET', KEYS[5], device)
-- Devices are never removed: their number gives the next place.
redis.call('ZADD', KEYS[6], redis.call('ZCARD', KEYS[6]), device)
redis.call('HSET', KEYS[2], 'usedBy', device)
redis.call('DEL', KEYS[3])
appendAudit()
return { 'enrolled' }

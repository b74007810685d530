-- Enrols a device. After registry-audit.lua.
-- KEYS  2 evidence  3 challenge  4 the new device  5 device by key  6 devices of the user
-- ARGV  5 now  6 purpose  7 device  8 suite  9 signature public key  10 user
--       11 until when it would have to be named
local now, device = tonumber(ARGV[5]), ARGV[7]
local evidence = redis.call('HMGET', KEYS[2], 'user', 'expiresAt', 'usedBy')
if evidence[1] ~= ARGV[10] then return { 'evidenceUnknown' } end
if evidence[3] then return { 'used', evidence[3] } end
if tonumber(evidence[2]) < now then return { 'evidenceExpired' } end

local challenge = redis.call('HMGET', KEYS[3], 'purpose', 'expiresAt')
if challenge[1] ~= ARGV[6] then return { 'challengeUnknown' } end
if tonumber(challenge[2]) < now then return { 'challengeExpired' } end
if redis.call('EXISTS', KEYS[5]) == 1 then return { 'keyInUse' } end

local moved = auditMoved()
if moved then return moved end
redis.call('HSET', KEYS[4], 'device', device, 'user', ARGV[10], 'suite', ARGV[8], 'key', ARGV[9],
  'enrolledAt', ARGV[5], 'keySince', ARGV[5], 'keepUntil', ARGV[11])
redis.call('SET', KEYS[5], device)
-- Devices are never removed: their number gives the next place.
redis.call('ZADD', KEYS[6], redis.call('ZCARD', KEYS[6]), device)
redis.call('HSET', KEYS[2], 'usedBy', device)
redis.call('PERSIST', KEYS[2])
redis.call('DEL', KEYS[3])
appendAudit()
return { 'enrolled' }

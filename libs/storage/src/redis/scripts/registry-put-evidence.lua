-- Keeps evidence of an enrolment. After registry-audit.lua.
-- KEYS  2 evidence  3 subjects by user   ARGV  5 user  6 expires at  7 subject, empty when there is none  8 milliseconds until it is
--       forgotten if nobody uses it
local user, subject = ARGV[5], ARGV[7]
if subject ~= '' and (redis.call('HGET', KEYS[3], user) or subject) ~= subject then return { 'otherSubject' } end
if redis.call('EXISTS', KEYS[2]) == 1 then return { 'exists' } end

local moved = auditMoved()
if moved then return moved end
if subject ~= '' then redis.call('HSET', KEYS[3], user, subject) end
redis.call('HSET', KEYS[2], 'user', user, 'expiresAt', ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[8])
appendAudit()
return { 'created' }

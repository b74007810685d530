-- The audit log, for the steps that it records. Redis cannot hash as the log is chained: the caller hashes, and says how
-- long it believes the log to be.
-- KEYS  1 audit log
-- ARGV  1 length of the log  2 hash of the new entry  3 new entry
local function auditMoved()
  local length = redis.call('LLEN', KEYS[1])
  if length == tonumber(ARGV[1]) then return nil end
  return { 'auditMoved', tostring(length), string.sub(redis.call('LINDEX', KEYS[1], -1) or '', 1, 32) }
end

local function appendAudit() redis.call('RPUSH', KEYS[1], ARGV[2] .. ARGV[3]) end

-- The audit log, for the steps that it records. Redis cannot hash as the log is chained: the caller hashes, and says how it
-- believes the log to end.
-- KEYS  1 audit log
-- ARGV  1 length of the log  2 hash of its last entry, empty for none  3 hash of the new entry  4 new entry
local function auditMoved()
  local length = redis.call('LLEN', KEYS[1])
  local last = string.sub(redis.call('LINDEX', KEYS[1], -1) or '', 1, 32)
  if length == tonumber(ARGV[1]) and last == ARGV[2] then return nil end
  return { 'auditMoved', tostring(length), last }
end

-- The later of two times; the second may be missing.
local function later(a, b) return b and tonumber(b) > tonumber(a) and b or a end

local function appendAudit() redis.call('RPUSH', KEYS[1], ARGV[3] .. ARGV[4]) end

-- Puts one KeyPackage into the stock of a device.
-- KEYS  1 about the device: user, revoked, withdrawals, sequence
--       2 single-use ones, in order: <suite>:<set>:<not after>:<key>:<ref>  3 their KeyPackages by ref
--       4 sets of capabilities by <suite>:<set>  5 last resorts  6 consumed refs by expiry  7 the channel of changes
-- ARGV  1 now  2 suite  3 set  4 capabilities  5 key  6 ref  7 KeyPackage  8 last resort? (1, 0)  9 not after
--       10 most single-use ones  11 user  12 most sets
-- Times are padded with zeros, so that their order is that of texts.
local now, suite, set, key, ref, package, notAfter =
  ARGV[1], ARGV[2], ARGV[3], ARGV[5], ARGV[6], ARGV[7], ARGV[9]
local lastResort = ARGV[8] == '1'
local FIELDS = { 'ref', 'notAfter', 'keyPackage', 'set', 'key', 'uses' }
local PURGE = 100

local function lastResortFields(ofSuite)
  local fields = {}
  for i, field in ipairs(FIELDS) do fields[i] = ofSuite .. ':' .. field end
  return fields
end

local function forgetExpired()
  for _, name in ipairs(redis.call('HKEYS', KEYS[4])) do
    local members =
      redis.call('ZRANGEBYLEX', KEYS[2], '[' .. name .. ':', '(' .. name .. ':' .. now, 'LIMIT', 0, PURGE)
    for _, member in ipairs(members) do
      redis.call('ZREM', KEYS[2], member)
      redis.call('HDEL', KEYS[3], (string.match(member, '^%d+:[^:]+:%d+:[^:]+:(.*)$')))
    end
    local ofSuite = string.match(name, '^%d+')
    local expiry = redis.call('HGET', KEYS[5], ofSuite .. ':notAfter')
    if expiry and expiry < now then redis.call('HDEL', KEYS[5], unpack(lastResortFields(ofSuite))) end
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', '(' .. now)
end

local function countSingleUse()
  local count = 0
  for _, name in ipairs(redis.call('HKEYS', KEYS[4])) do
    count = count + redis.call('ZLEXCOUNT', KEYS[2], '[' .. name .. ':' .. now, '(' .. name .. ';')
  end
  return count
end

local function forgetUnusedSets()
  for _, name in ipairs(redis.call('HKEYS', KEYS[4])) do
    local ofSuite, ofSet = string.match(name, '^(%d+):(.*)$')
    local used = redis.call('ZLEXCOUNT', KEYS[2], '[' .. name .. ':', '(' .. name .. ';') > 0
      or redis.call('HGET', KEYS[5], ofSuite .. ':set') == ofSet
    if not used then redis.call('HDEL', KEYS[4], name) end
  end
end

local function knowSet()
  local name = suite .. ':' .. set
  if redis.call('HEXISTS', KEYS[4], name) == 1 then return true end
  forgetUnusedSets()
  if redis.call('HLEN', KEYS[4]) >= tonumber(ARGV[12]) then return false end
  redis.call('HSET', KEYS[4], name, ARGV[4])
  return true
end

local function replaceLastResort(olderRef, olderNotAfter)
  if olderRef then redis.call('ZADD', KEYS[6], olderNotAfter, olderRef) end
  local fields = lastResortFields(suite)
  redis.call('HSET', KEYS[5], fields[1], ref, fields[2], notAfter, fields[3], package, fields[4], set,
    fields[5], key, fields[6], '0')
end

if redis.call('HGET', KEYS[1], 'revoked') == '1' then return 'revoked' end
redis.call('HSET', KEYS[1], 'user', ARGV[11])
forgetExpired()

local older = redis.call('HMGET', KEYS[5], suite .. ':ref', suite .. ':notAfter')
local isLastResort = false
for _, name in ipairs(redis.call('HKEYS', KEYS[5])) do
  if string.find(name, ':ref$') and redis.call('HGET', KEYS[5], name) == ref then isLastResort = true end
end
if isLastResort or redis.call('HEXISTS', KEYS[3], ref) == 1 then return 'alreadyStored' end
if redis.call('ZSCORE', KEYS[6], ref) then return 'alreadyConsumed' end
if not lastResort and countSingleUse() >= tonumber(ARGV[10]) then return 'full' end
if not knowSet() then return 'tooManyCapabilitySets' end

if lastResort then
  replaceLastResort(older[1], older[2])
else
  redis.call('ZADD', KEYS[2], 0, table.concat({ suite, set, notAfter, key, ref }, ':'))
  redis.call('HSET', KEYS[3], ref, package)
end
redis.call('SPUBLISH', KEYS[7], '')
return 'stored'

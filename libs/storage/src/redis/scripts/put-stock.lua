-- Puts one KeyPackage into the stock of a device.
-- KEYS  1 user of the device  2 stock: <suite>:<ref> by expiry  3 KeyPackages by ref  4 last resorts  5 consumed refs by expiry
-- ARGV  1 now  2 suite  3 ref  4 KeyPackage  5 last resort? (1, 0)  6 not after  7 most single-use ones  8 user
local now, suite, ref, package, notAfter = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[6]
local lastResort = ARGV[5] == '1'

redis.call('SET', KEYS[1], ARGV[8])

for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. now)) do
  redis.call('ZREM', KEYS[2], member)
  redis.call('HDEL', KEYS[3], string.sub(member, string.find(member, ':', 1, true) + 1))
end
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', '(' .. now)

local older = redis.call('HMGET', KEYS[4], suite .. ':ref', suite .. ':notAfter')
local olderRef, olderNotAfter = older[1], older[2]
if redis.call('HEXISTS', KEYS[3], ref) == 1 or olderRef == ref then return 'alreadyStored' end
if redis.call('ZSCORE', KEYS[5], ref) then return 'alreadyConsumed' end

if lastResort then
  if olderRef then redis.call('ZADD', KEYS[5], olderNotAfter, olderRef) end
  redis.call('HSET', KEYS[4], suite .. ':ref', ref, suite .. ':notAfter', notAfter, suite .. ':keyPackage', package)
  return 'stored'
end

if redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[7]) then return 'full' end
redis.call('ZADD', KEYS[2], notAfter, suite .. ':' .. ref)
redis.call('HSET', KEYS[3], ref, package)
return 'stored'

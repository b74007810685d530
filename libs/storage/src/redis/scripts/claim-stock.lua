-- Takes one KeyPackage of a device, or gives the answer that the same claim got before.
-- KEYS  1 to 5 as in put-stock.lua  6 the answer to this claim
-- ARGV  1 now  2 suite  3 how long the answer is repeated, in milliseconds
local PAGE = 64
local now, suite, window = ARGV[1], ARGV[2], tonumber(ARGV[3])

-- Finds the single-use KeyPackage that expires first: its member of the stock and its expiry.
local function firstToExpire()
  local prefix = suite .. ':'
  local offset = 0
  while true do
    local page = redis.call('ZRANGEBYSCORE', KEYS[2], now, '+inf', 'WITHSCORES', 'LIMIT', offset, PAGE)
    for i = 1, #page, 2 do
      if string.sub(page[i], 1, #prefix) == prefix then return page[i], page[i + 1] end
    end
    if #page < 2 * PAGE then return nil end
    offset = offset + PAGE
  end
end

local function takeSingleUse()
  local member, notAfter = firstToExpire()
  if not member then return nil end
  local ref = string.sub(member, #suite + 2)
  local package = redis.call('HGET', KEYS[3], ref)
  redis.call('ZREM', KEYS[2], member)
  redis.call('HDEL', KEYS[3], ref)
  redis.call('ZADD', KEYS[5], notAfter, ref)
  return package, notAfter
end

local function findLastResort()
  local found = redis.call('HMGET', KEYS[4], suite .. ':keyPackage', suite .. ':notAfter')
  if not found[1] or tonumber(found[2]) < tonumber(now) then return nil end
  return found[1], found[2]
end

if redis.call('EXISTS', KEYS[1]) == 0 then return { 'unknownDevice' } end

local earlier = redis.call('HMGET', KEYS[6], 'expiresAt', 'lastResort', 'keyPackage')
if earlier[1] and tonumber(earlier[1]) >= tonumber(now) then return { 'claimed', earlier[2], earlier[3] } end

local lastResort = '0'
local package, notAfter = takeSingleUse()
if not package then
  lastResort = '1'
  package, notAfter = findLastResort()
end
if not package then return { 'exhausted' } end

-- An answer that has expired meanwhile is of no use to anybody: the repeated claim takes another one then.
local expiresAt = math.min(tonumber(now) + window, tonumber(notAfter))
redis.call('HSET', KEYS[6], 'expiresAt', string.format('%.0f', expiresAt), 'lastResort', lastResort, 'keyPackage', package)
-- Only to collect the record some day: what counts is expiresAt, in the caller's time.
redis.call('PEXPIRE', KEYS[6], 2 * window)
return { 'claimed', lastResort, package }

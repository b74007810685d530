-- Takes one KeyPackage of a device, or gives the answer that the same claim got before.
-- KEYS  1 to 7 as in put-stock.lua  8 who consumed what, by sequence  9 the answer to this claim
-- ARGV  1 now  2 suite  3 how long the answer is repeated  4 what is required: lists of extensions, proposals, credentials
--       5 only the last resort? (1, 0)  6 caller  7 most consumptions remembered  8 how long they are remembered
-- Times are milliseconds, those to compare with are padded with zeros.
local now, suite, window, required = ARGV[1], ARGV[2], tonumber(ARGV[3]), cjson.decode(ARGV[4])
local DAY = 86400000
local FORGET = 16

local function supports(capabilities)
  for kind = 1, 3 do
    local has = {}
    for _, point in ipairs(capabilities[kind]) do has[point] = true end
    for _, point in ipairs(required[kind]) do
      if not has[point] then return false end
    end
  end
  return true
end

-- Finds the sets of this suite: those that fit, by name, and whether there are others.
local function findSets()
  local fitting, found = {}, redis.call('HGETALL', KEYS[4])
  for i = 1, #found, 2 do
    local ofSuite, set = string.match(found[i], '^(%d+):(.*)$')
    if ofSuite == suite then fitting[set] = supports(cjson.decode(found[i + 1])) end
  end
  return fitting
end

-- Finds the single-use KeyPackage that expires first among those that fit, or else among those that do not.
local function firstToExpire(sets, thatFit)
  local first, firstOrder
  for set, fits in pairs(sets) do
    local prefix = suite .. ':' .. set
    if fits == thatFit then
      local found =
        redis.call('ZRANGEBYLEX', KEYS[2], '[' .. prefix .. ':' .. now, '(' .. prefix .. ';', 'LIMIT', 0, 1)
      if found[1] then
        local notAfter, ref = string.match(found[1], '^%d+:[^:]+:(%d+):[^:]+:(.*)$')
        if not firstOrder or notAfter .. ref < firstOrder then first, firstOrder = found[1], notAfter .. ref end
      end
    end
  end
  return first
end

local function takeSingleUse(sets)
  local member = firstToExpire(sets, true)
  if not member then return nil end
  local notAfter, ref = string.match(member, '^%d+:[^:]+:(%d+):[^:]+:(.*)$')
  local package = redis.call('HGET', KEYS[3], ref)
  redis.call('ZREM', KEYS[2], member)
  redis.call('HDEL', KEYS[3], ref)
  redis.call('ZADD', KEYS[6], notAfter, ref)
  return package, notAfter, ref
end

local function findLastResort()
  local found = redis.call('HMGET', KEYS[5], suite .. ':keyPackage', suite .. ':notAfter', suite .. ':ref', suite .. ':set')
  if not found[1] or found[2] < now then return nil end
  return found[1], found[2], found[3], found[4]
end

local function useLastResort(sets)
  local package, notAfter, ref, set = findLastResort()
  if not package or not sets[set] then return nil end
  redis.call('HINCRBY', KEYS[5], suite .. ':uses', 1)
  return package, notAfter, ref
end

local function whyNothing(sets)
  local package, _, _, set = findLastResort()
  if firstToExpire(sets, true) or (package and sets[set]) then return 'exhausted' end
  if firstToExpire(sets, false) or package then return 'noneFits' end
  return 'exhausted'
end

local function remember(ref, lastResort)
  local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
  local at, most, age = string.format('%.0f', tonumber(now)), tonumber(ARGV[7]), tonumber(ARGV[8])
  local words = { sequence, at, suite, lastResort, #ref, ref .. ARGV[6] }
  redis.call('ZADD', KEYS[8], sequence, table.concat(words, ' '))
  redis.call('ZREMRANGEBYRANK', KEYS[8], 0, -(most + 1))
  for _, oldest in ipairs(redis.call('ZRANGE', KEYS[8], 0, FORGET - 1)) do
    if tonumber(string.match(oldest, '^%d+ (%d+)')) < tonumber(now) - age then redis.call('ZREM', KEYS[8], oldest) end
  end
  -- Only to collect what nobody adds to: what counts is its time.
  redis.call('PEXPIRE', KEYS[8], string.format('%.0f', age + DAY))
end

local about = redis.call('HMGET', KEYS[1], 'user', 'revoked', 'withdrawals')
if not about[1] then return { 'unknownDevice' } end
if about[2] == '1' then return { 'revoked' } end
local withdrawals = about[3] or '0'

local earlier = redis.call('HMGET', KEYS[9], 'expiresAt', 'withdrawals', 'lastResort', 'keyPackage')
if earlier[1] and tonumber(earlier[1]) >= tonumber(now) and earlier[2] == withdrawals then
  return { 'claimed', earlier[3], earlier[4] }
end

local sets, lastResort = findSets(), '0'
local package, notAfter, ref
if ARGV[5] == '0' then package, notAfter, ref = takeSingleUse(sets) end
if not package then
  lastResort = '1'
  package, notAfter, ref = useLastResort(sets)
end
if not package then return { whyNothing(sets) } end

remember(ref, lastResort)
-- An answer that has expired meanwhile is of no use to anybody: the repeated claim takes another one then.
local expiresAt = math.min(tonumber(now) + window, tonumber(notAfter))
redis.call('HSET', KEYS[9], 'expiresAt', string.format('%.0f', expiresAt), 'withdrawals', withdrawals,
  'lastResort', lastResort, 'keyPackage', package)
-- Only to collect the record some day: what counts is expiresAt, in the caller's time.
redis.call('PEXPIRE', KEYS[9], 2 * window)
redis.call('SPUBLISH', KEYS[7], '')
return { 'claimed', lastResort, package }

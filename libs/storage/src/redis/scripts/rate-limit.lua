-- Takes tokens from a bucket: -1 when they were taken, else the milliseconds until they are there.
-- KEYS  1 the bucket: tokens, at
-- ARGV  1 now  2 cost  3 capacity  4 refill per second  5 largest skew of clocks, in milliseconds
local now, cost, capacity, perSecond, skew =
  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local found = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(found[1] or capacity), tonumber(found[2] or now)

local function keep()
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.17g', tokens), 'at', string.format('%.0f', at))
  -- A bucket that is not there is full.
  local untilFull = math.ceil((capacity - tokens) / perSecond * 1000)
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', untilFull + skew))
end

tokens = math.min(capacity, tokens + math.max(0, now - at) / 1000 * perSecond)
local setBack = at - now > skew
at = setBack and now or math.max(at, now)

local wanted = math.min(cost, capacity)
if tokens < wanted or cost > wanted then
  -- Only a bucket whose time was set back changes: it would be set back again and again, and never fill.
  if setBack then keep() end
  return math.max(1, math.ceil((wanted - tokens) / perSecond * 1000) + at - now)
end

tokens = tokens - cost
keep()
return -1

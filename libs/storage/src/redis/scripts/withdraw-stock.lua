-- Withdraws KeyPackages of a device: gives how many, where to go on (empty at the end), and the user.
-- KEYS  1 to 7 as in put-stock.lua
-- ARGV  1 which (all, revoked, underKey, notUnderKey)  2 key  3 where to go on (empty to begin)  4 how many to look at  5 now
local which, key, from, step, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]

local function isMeant(itsKey)
  if which == 'underKey' then return itsKey == key end
  if which == 'notUnderKey' then return itsKey ~= key end
  return true
end

local function withdrawLastResorts()
  local count = 0
  for _, field in ipairs(redis.call('HKEYS', KEYS[5])) do
    local suite = string.match(field, '^(%d+):ref$')
    if suite and isMeant(redis.call('HGET', KEYS[5], suite .. ':key')) then
      local found = redis.call('HMGET', KEYS[5], suite .. ':notAfter', field)
      redis.call('ZADD', KEYS[6], found[1], found[2])
      for _, name in ipairs({ 'ref', 'notAfter', 'keyPackage', 'set', 'key', 'uses' }) do
        redis.call('HDEL', KEYS[5], suite .. ':' .. name)
      end
      if found[1] >= now then count = count + 1 end
    end
  end
  return count
end

local function withdrawSingleUse(members)
  local count = 0
  for _, member in ipairs(members) do
    local notAfter, itsKey, ref = string.match(member, '^%d+:[^:]+:(%d+):([^:]+):(.*)$')
    if isMeant(itsKey) then
      redis.call('ZREM', KEYS[2], member)
      redis.call('HDEL', KEYS[3], ref)
      redis.call('ZADD', KEYS[6], notAfter, ref)
      -- What has expired was no stock any more.
      if notAfter >= now then count = count + 1 end
    end
  end
  return count
end

local user = redis.call('HGET', KEYS[1], 'user')
if not user then return { 0, '', '' } end

local withdrawn = 0
if from == '' then
  if which == 'revoked' then redis.call('HSET', KEYS[1], 'revoked', '1') end
  redis.call('HINCRBY', KEYS[1], 'withdrawals', 1)
  withdrawn = withdrawLastResorts()
end
local members = redis.call('ZRANGEBYLEX', KEYS[2], from == '' and '-' or '(' .. from, '+', 'LIMIT', 0, step)
withdrawn = withdrawn + withdrawSingleUse(members)
redis.call('SPUBLISH', KEYS[7], '')
return { withdrawn, #members == step and members[step] or '', user }

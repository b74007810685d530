-- Counts the stock of a device: suite, single-use ones, last resort? (1, 0), and so on.
-- KEYS  1 stock: <suite>:<ref> by expiry  2 last resorts
-- ARGV  1 now
local now = ARGV[1]
local singleUse, lastResort, suites = {}, {}, {}

local function note(suite)
  if singleUse[suite] then return end
  singleUse[suite], lastResort[suite] = 0, '0'
  table.insert(suites, suite)
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do
  local suite = string.match(member, '^(%d+):')
  note(suite)
  singleUse[suite] = singleUse[suite] + 1
end

for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  local suite = string.match(field, '^(%d+):notAfter$')
  if suite and tonumber(redis.call('HGET', KEYS[2], field)) >= tonumber(now) then
    note(suite)
    lastResort[suite] = '1'
  end
end

table.sort(suites, function(a, b) return tonumber(a) < tonumber(b) end)
local answer = {}
for _, suite in ipairs(suites) do
  table.insert(answer, suite)
  table.insert(answer, tostring(singleUse[suite]))
  table.insert(answer, lastResort[suite])
end
return answer

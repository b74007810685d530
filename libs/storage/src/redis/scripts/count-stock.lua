-- Counts the stock of a device: suite, single-use ones, last resort? (1, 0), its uses, and so on.
-- KEYS  1 single-use ones, in order  2 sets of capabilities  3 last resorts, as in put-stock.lua
-- ARGV  1 now, padded with zeros
local now = ARGV[1]
local singleUse, suites = {}, {}

for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do
  local suite = string.match(name, '^%d+')
  local count = redis.call('ZLEXCOUNT', KEYS[1], '[' .. name .. ':' .. now, '(' .. name .. ';')
  if not singleUse[suite] then table.insert(suites, suite) end
  singleUse[suite] = (singleUse[suite] or 0) + count
end
table.sort(suites, function(a, b) return tonumber(a) < tonumber(b) end)

local answer = {}
for _, suite in ipairs(suites) do
  local found = redis.call('HMGET', KEYS[3], suite .. ':notAfter', suite .. ':uses')
  local lastResort = found[1] and found[1] >= now
  if lastResort or singleUse[suite] > 0 then
    table.insert(answer, suite)
    table.insert(answer, tostring(singleUse[suite]))
    table.insert(answer, lastResort and '1' or '0')
    table.insert(answer, lastResort and found[2] or '0')
  end
end
return answer

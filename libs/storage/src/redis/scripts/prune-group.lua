-- Removes a group's oldest entries beyond the limits, with their request ids, and old trees and tickets. Answers how many entries.
-- ARGV  1 entries before this time go  2 most entries  3 most entries to remove  4 now
local before, maxEntries, budget = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local head = readHead()
if not head then return 0 end

-- Finds how many of the entries on a page go: those that are too old or too many, but never the newest.
local function countGoing(page, length)
  for i, entry in ipairs(page) do
    local time = tonumber(string.match(entry[1], '%-(%d+)$'))
    local left = length - i + 1
    if left == 1 or (left <= maxEntries and time >= before) then return i - 1 end
  end
  return #page
end

local length, removed = redis.call('XLEN', KEYS[2]), 0
while removed < budget do
  local count = math.min(64, budget - removed)
  local page = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', count)
  local going = countGoing(page, length)
  for i = 1, going do
    local sequence, name = string.match(page[i][1], '^%d+'), requestName(page[i][2])
    -- Of two restored entries that say the same, the name is the first one's.
    if redis.call('HGET', KEYS[4], name) == sequence then redis.call('HDEL', KEYS[4], name) end
    redis.call('XDEL', KEYS[2], page[i][1])
  end
  length, removed = length - going, removed + going
  if going < count then break end
end

local trees = redis.call('HGETALL', KEYS[7])
for i = 1, #trees, 2 do
  local time = tonumber(string.match(trees[i + 1], '^%d:%d+:(%d+):'))
  if trees[i] ~= digits(head.epoch) and time < before then dropTree(trees[i]) end
end
redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', '(' .. ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[10], '-inf', '(' .. ARGV[4])
return removed

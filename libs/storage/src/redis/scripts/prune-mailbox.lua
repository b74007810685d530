-- Removes a mailbox's entries that were delivered before a time, from its beginning. Answers how many.
-- KEYS  as in deliver.lua   ARGV  1 the time  2 most entries to remove
local before, budget, removed = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
while removed < budget do
  local page = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', math.min(8, budget - removed))
  for _, found in ipairs(page) do
    if tonumber(string.match(found[1], '%-(%d+)$')) >= before then return removed end
    redis.call('XDEL', KEYS[2], found[1])
    removed = removed + 1
  end
  if #page == 0 then return removed end
end
return removed

-- Reads entries in order: id, entry, and so on.
-- KEYS  as in deliver.lua   ARGV  1 first sequence number  2 most entries  3 most bytes
local answer, from, bytes, left = {}, ARGV[1], 0, tonumber(ARGV[2])
while left > 0 do
  local page = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', math.min(8, left))
  for _, found in ipairs(page) do
    local entry = found[2][2]
    bytes = bytes + #entry
    if #answer > 0 and bytes > tonumber(ARGV[3]) then return answer end
    table.insert(answer, found[1])
    table.insert(answer, entry)
    from = '(' .. found[1]
  end
  if #page < 8 then return answer end
  left = left - #page
end
return answer

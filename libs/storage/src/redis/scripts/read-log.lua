-- Reads entries in order: id, kind, epoch, message, and of a commit how its epoch ended and the next access key.
-- ARGV  1 first sequence number  2 last one, or +  3 most entries  4 most bytes of messages
local last, limit, maxBytes = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local from, count, bytes = ARGV[1], 8, 0
local entries = {}
while #entries < limit do
  local page = redis.call('XRANGE', KEYS[2], from, last, 'COUNT', math.min(count, limit - #entries))
  for _, found in ipairs(page) do
    local fields = found[2]
    local epoch, message = fields[EPOCH], fields[MESSAGE]
    bytes = bytes + #message
    if #entries > 0 and bytes > maxBytes then return entries end
    local entry = { found[1], fields[KIND], epoch, message }
    if entry[2] == 'c' then
      entry[5] = redis.call('HGET', KEYS[3], 'end:' .. epoch) or ''
      entry[6] = redis.call('HGET', KEYS[3], digits(tonumber(epoch) + 1)) or ''
    end
    table.insert(entries, entry)
    from = '(' .. found[1]
  end
  if #page < count then return entries end
  count = math.min(2 * count, 64)
end
return entries

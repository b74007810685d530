-- Finds where a group stands, and an epoch of it with those before: access key, how it ended, the next access key.
-- ARGV  1 epoch, or '' for the current one  2 how many
local found = redis.call('HMGET', KEYS[1], 'suite', 'epoch', 'last', 'lostEpoch', 'lostSequence')
if not found[1] then return nil end
local answer = { found[1], found[2], found[3], found[4] or '', found[5] or '' }
local epoch = ARGV[1]
for _ = 1, tonumber(ARGV[2]) do
  if epoch == '' then epoch = found[2] end
  local following = digits(tonumber(epoch) + 1)
  local fields = redis.call('HMGET', KEYS[3], epoch, 'end:' .. epoch, following)
  if not fields[1] then break end
  for _, value in ipairs({ epoch, fields[1], fields[2] or '', fields[3] or '' }) do table.insert(answer, value) end
  if epoch == '0' then break end
  epoch = digits(tonumber(epoch) - 1)
end
return answer

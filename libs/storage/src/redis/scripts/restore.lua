-- Puts a lost commit back in its place, with the messages before it.
-- ARGV  1 epoch  2 its sequence number  3 facts  4 hash of the commit  5 next access key  6 commit  7 GroupInfo  8 time
--       9 tree or ''  10 how many parts, which follow  then for each message: sequence number, epoch, kind, message
local epoch, sequence, facts, now = ARGV[1], ARGV[2], ARGV[3], ARGV[8]
local parts = tonumber(ARGV[10])
-- What was lost cannot come back: the group goes on with what is here.
local function contradicts()
  redis.call('HDEL', KEYS[1], 'lostEpoch', 'lostSequence')
  return 'contradicts'
end

local head = readHead()
if not head then return 'unknownGroup' end
if head.epoch > tonumber(epoch) then
  local at, hash = readEnd(epoch)
  return at == sequence and hash == ARGV[4] and 'alreadyThere' or contradicts()
end
if head.epoch < tonumber(epoch) then return 'gap' end
if tonumber(sequence) <= head.last then return contradicts() end

local next = head.last
for i = 11 + parts, #ARGV, 4 do
  next = next + 1
  if tonumber(ARGV[i]) ~= next then return 'gap' end
end
if tonumber(sequence) ~= next + 1 then return 'gap' end

for i = 11 + parts, #ARGV, 4 do
  add(ARGV[i], now, ARGV[i + 2], ARGV[i + 1], '', ARGV[i + 3])
  redis.call('HSETNX', KEYS[4], contentName(ARGV[i + 2], ARGV[i + 1], ARGV[i + 3]), ARGV[i])
end
add(sequence, now, 'c', epoch, '', ARGV[6])
redis.call('HSET', KEYS[1], 'restored', sequence)
head.last = tonumber(sequence)
local begun = beginEpoch(head, sequence .. ':' .. facts, ARGV[5])
keepGroupInfo(begun, ARGV[7], ARGV[9], 11, 10 + parts)
if head.lostEpoch and tonumber(head.lostEpoch) <= tonumber(epoch) then
  redis.call('HDEL', KEYS[1], 'lostEpoch', 'lostSequence')
end
wake()
return 'restored'

-- Appends messages to a group's log, each by itself. Answers for each its sequence number, minus it if it was appended
-- before, or why not.
-- ARGV  for each message: epoch, request id, kind, message, how many epochs it may be late, time
local WIDTH = 6
local head = readHead()
if not head then return 'unknownGroup' end

local ids = {}
for at = 2, #ARGV, WIDTH do table.insert(ids, ARGV[at]) end
local known = redis.call('HMGET', KEYS[4], unpack(ids))

local first, fresh, requests, answers = head.last, {}, {}, {}
for i = 1, #ids do
  local at = (i - 1) * WIDTH
  local epoch, id, kind, message = ARGV[at + 1], ids[i], ARGV[at + 3], ARGV[at + 4]
  local late = head.epoch - tonumber(epoch)
  local sequence = findKnown(head, known[i] or fresh[id], kind, epoch, message)
  if sequence then
    answers[i] = repeated(sequence, kind, epoch, message)
  elseif head.lostEpoch then
    answers[i] = quarantined(head)
  elseif late < 0 or late > tonumber(ARGV[at + 5]) then
    answers[i] = conflict(head, epoch)
  else
    head.last = head.last + 1
    local number = digits(head.last)
    add(number, ARGV[at + 6], kind, epoch, id, message)
    fresh[id] = number
    table.insert(requests, id)
    table.insert(requests, number)
    answers[i] = head.last
  end
end

if head.last > first then
  redis.call('HSET', KEYS[4], unpack(requests))
  redis.call('HSET', KEYS[1], 'last', digits(head.last))
  wake()
end
return answers

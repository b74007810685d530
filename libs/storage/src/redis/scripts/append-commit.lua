-- Ends the current epoch with a commit: log, GroupInfo, tree, access key, ticket and Welcomes, all or nothing.
-- ARGV  1 epoch  2 request id  3 commit  4 facts  5 next access key  6 GroupInfo  7 time  8 ticket or ''
--       9 '1' to end all open tickets, or ''  10 up to when this may be done, in seconds of this server, or ''
--       11 hash of the commit  12 tree or ''  13 how many parts, which follow
--       then for each Welcome: device, Welcome
local epoch, id, commit = ARGV[1], ARGV[2], ARGV[3]
local now, ticket, revokes, deadline, hash, parts = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], tonumber(ARGV[13])
-- A command can lie in front of a frozen server for long. The group's entry in the list of outboxes may be gone by then.
if deadline ~= '' and tonumber(redis.call('TIME')[1]) > tonumber(deadline) then return 'late' end

local head = readHead()
if not head then return 'unknownGroup' end
local wonAt, wonBy = readEnd(epoch)
local known = redis.call('HGET', KEYS[4], id)
if known and (wonBy ~= hash or wonAt ~= known) then return 'requestIdReused' end
if wonBy == hash then return -tonumber(wonAt) end
if head.lostEpoch then return quarantined(head) end
if tonumber(epoch) ~= head.epoch then return conflict(head, epoch) end

if ticket ~= '' then
  local expiry = redis.call('ZSCORE', KEYS[9], ticket)
  if not expiry or tonumber(expiry) < tonumber(now) then return 'ticketInvalid' end
  redis.call('ZREM', KEYS[9], ticket)
  redis.call('ZADD', KEYS[10], expiry, ticket)
end
if revokes ~= '' then redis.call('DEL', KEYS[9]) end

head.last = head.last + 1
local sequence = digits(head.last)
add(sequence, now, 'c', epoch, id, commit)
redis.call('HSET', KEYS[4], id, sequence)
local next = beginEpoch(head, sequence .. ':' .. ARGV[4], ARGV[5])
keepGroupInfo(next, ARGV[6], ARGV[12], 14, 13 + parts)
for i = 14 + parts, #ARGV, 2 do
  local name = sequence .. ':' .. ARGV[i]
  redis.call('ZADD', KEYS[12], sequence, name)
  redis.call('HSET', KEYS[11], name, ARGV[i + 1])
end
wake()
return head.last

-- What the steps on a group have in common; goes before each of them.
-- KEYS  1 head: suite, epoch, last, lostEpoch, lostSequence, restored  2 log: a stream, id <sequence>-<time>, fields kind, epoch, request, message
--       3 epochs: <epoch> the access key, end:<epoch> how it ended, <sequence>:<facts>  4 requests: id to sequence  5 channel
--       6 GroupInfo: epoch, groupInfo  7 trees: <epoch> to <kept>:<parts>:<time>:<reference>  8 parts of trees: <epoch>/<n>
--       9 tickets by expiry  10 used tickets by expiry  11 outbox: <sequence>:<device> to Welcome  12 their order
local KIND, EPOCH, REQUEST, MESSAGE = 2, 4, 6, 8

-- Names what was put back without its request id: by its content.
local function contentName(kind, epoch, message) return '=' .. redis.sha1hex(kind .. epoch .. ':' .. message) end

local function requestName(fields)
  if fields[REQUEST] ~= '' then return fields[REQUEST] end
  return contentName(fields[KIND], fields[EPOCH], fields[MESSAGE])
end

local function digits(number) return string.format('%.0f', number) end

local function readHead()
  local found = redis.call('HMGET', KEYS[1], 'epoch', 'last', 'lostEpoch', 'lostSequence', 'restored')
  if not found[1] then return nil end
  local epoch, last, lostEpoch, lostSequence, restored = unpack(found)
  return {
    epoch = tonumber(epoch), last = tonumber(last), lostEpoch = lostEpoch, lostSequence = lostSequence, restored = restored,
  }
end

local function add(sequence, time, kind, epoch, request, message)
  redis.call('XADD', KEYS[2], sequence .. '-' .. time, 'k', kind, 'e', epoch, 'r', request, 'm', message)
end

-- Answers a request whose id is known: minus the sequence number if it is the same request.
local function repeated(sequence, kind, epoch, message)
  local entry = redis.call('XRANGE', KEYS[2], sequence, sequence, 'COUNT', 1)[1]
  if not entry then return 'requestIdReused' end
  local fields = entry[2]
  local same = fields[KIND] == kind and fields[EPOCH] == epoch and fields[MESSAGE] == message
  return same and -tonumber(sequence) or 'requestIdReused'
end

-- Finds the sequence number of a request that was appended before, or was put back and so is known by its content only.
local function findKnown(head, byId, kind, epoch, message)
  if byId or not head.restored then return byId end
  return redis.call('HGET', KEYS[4], contentName(kind, epoch, message))
end

-- Reads how an epoch ended: sequence number and hash of its commit, '' while it has not.
local function readEnd(epoch)
  local ended = redis.call('HGET', KEYS[3], 'end:' .. epoch)
  if not ended then return '', '' end
  local colon = string.find(ended, ':', 1, true)
  local a, b, c, d = string.byte(ended, colon + 1, colon + 4)
  return string.sub(ended, 1, colon - 1), string.sub(ended, colon + 5, colon + 4 + ((a * 256 + b) * 256 + c) * 256 + d)
end

local function conflict(head, epoch)
  return { 'conflict', digits(head.epoch), redis.call('HGET', KEYS[3], 'end:' .. epoch) or '' }
end

local function quarantined(head) return { 'quarantined', head.lostEpoch, head.lostSequence } end

local function dropTree(epoch)
  local tree = redis.call('HGET', KEYS[7], epoch)
  if not tree then return end
  for part = 0, tonumber(string.match(tree, '^%d:(%d+):')) - 1 do redis.call('HDEL', KEYS[8], epoch .. '/' .. part) end
  redis.call('HDEL', KEYS[7], epoch)
end

-- Keeps GroupInfo and tree of an epoch; the tree's parts are ARGV first to last. Its predecessor's tree goes unless it is kept.
local function keepGroupInfo(epoch, groupInfo, tree, first, last)
  redis.call('HSET', KEYS[6], 'epoch', epoch, 'groupInfo', groupInfo)
  local before = digits(tonumber(epoch) - 1)
  local older = redis.call('HGET', KEYS[7], before)
  if older and string.sub(older, 1, 1) == '0' then dropTree(before) end
  if tree == '' then return end
  redis.call('HSET', KEYS[7], epoch, tree)
  for i = first, last do redis.call('HSET', KEYS[8], epoch .. '/' .. (i - first), ARGV[i]) end
end

local function beginEpoch(head, ended, accessKey)
  local before, now = digits(head.epoch), digits(head.epoch + 1)
  redis.call('HSET', KEYS[3], 'end:' .. before, ended, now, accessKey)
  redis.call('HSET', KEYS[1], 'epoch', now, 'last', digits(head.last))
  return now
end

local function wake() redis.call('SPUBLISH', KEYS[5], '') end

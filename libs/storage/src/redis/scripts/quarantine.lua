-- Stops appends until the log has the commit that ended an epoch.
-- ARGV  1 epoch  2 sequence number of that commit
local head = readHead()
if not head then return 'unknownGroup' end
if head.epoch > tonumber(ARGV[1]) or head.last >= tonumber(ARGV[2]) then return 'notBehind' end
-- A mark that lies further on stays: both must be reached.
if not head.lostEpoch or tonumber(head.lostEpoch) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'lostEpoch', ARGV[1], 'lostSequence', ARGV[2])
end
return 'quarantined'

-- Reads the GroupInfo of the current epoch: epoch, GroupInfo, tree or ''.
local found = redis.call('HMGET', KEYS[6], 'epoch', 'groupInfo')
if not found[1] then return nil end
return { found[1], found[2], redis.call('HGET', KEYS[7], found[1]) or '' }

-- Opens a group at epoch 0.
-- ARGV  1 suite  2 access key  3 GroupInfo or ''  4 tree or ''  5 and on: parts of the tree
local suite = redis.call('HGET', KEYS[1], 'suite')
if suite then
  local same = suite == ARGV[1] and redis.call('HGET', KEYS[3], '0') == ARGV[2]
  return same and 'same' or 'exists'
end
redis.call('HSET', KEYS[1], 'suite', ARGV[1], 'epoch', '0', 'last', '0')
redis.call('HSET', KEYS[3], '0', ARGV[2])
if ARGV[3] ~= '' then keepGroupInfo('0', ARGV[3], ARGV[4], 5, #ARGV) end
return 'created'

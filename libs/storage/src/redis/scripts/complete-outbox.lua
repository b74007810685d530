-- Forgets Welcomes of a group's outbox.
-- KEYS  1 outbox  2 its order   ARGV  their names
for _, name in ipairs(ARGV) do
  redis.call('HDEL', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
end
return 0

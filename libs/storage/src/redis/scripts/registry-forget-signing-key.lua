-- Forgets the private part of a signing key, or all of it.
-- KEYS  as in registry-add-signing-key.lua   ARGV  1 name  2 all of it? (1, 0)
redis.call('HDEL', KEYS[3], ARGV[1])
if ARGV[2] == '1' then
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('LREM', KEYS[1], 0, ARGV[1])
end
return 'forgotten'

-- Lists what has to be named by a revocation list: name, until when, and so on.
-- KEYS  1 revoked names   ARGV  1 now  2 the one before the first, empty for the beginning  3 how many at most
local first = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
if ARGV[2] ~= '' then
  local rank = redis.call('ZRANK', KEYS[1], ARGV[2])
  if rank then first = math.max(first, rank + 1) end
end
return redis.call('ZRANGE', KEYS[1], first, first + tonumber(ARGV[3]) - 1, 'WITHSCORES')

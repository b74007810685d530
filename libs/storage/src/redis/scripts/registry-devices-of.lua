-- Lists devices of a user in the order of their enrolment.
-- KEYS  1 devices of the user   ARGV  1 the one before the first, empty for the beginning  2 how many at most
local first = 0
if ARGV[1] ~= '' then
  local rank = redis.call('ZRANK', KEYS[1], ARGV[1])
  if not rank then return {} end
  first = rank + 1
end
return redis.call('ZRANGE', KEYS[1], first, first + tonumber(ARGV[2]) - 1)

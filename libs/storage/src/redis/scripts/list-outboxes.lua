-- Lists groups that may have something in their outboxes, those that were noted first: group, time of the note, and so on.
-- KEYS  1 the list   ARGV  1 how many  2 the group after which to go on, or ''  3 the time of its note
local from = 0
if ARGV[2] ~= '' then
  if redis.call('ZSCORE', KEYS[1], ARGV[2]) == ARGV[3] then
    from = redis.call('ZRANK', KEYS[1], ARGV[2]) + 1
  else
    -- It has gone, or was noted again: those of the same second are listed once more, none is left out.
    from = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[3])
  end
end
return redis.call('ZRANGE', KEYS[1], from, from + tonumber(ARGV[1]) - 1, 'WITHSCORES')

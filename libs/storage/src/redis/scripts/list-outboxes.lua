-- Lists groups that may have something in their outboxes, those that were noted first: group, time of the note, and so on.
-- KEYS  1 the list   ARGV  1 how many
return redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')

-- Gives the number of the newest entry that was ever delivered, '0' for none.
-- KEYS  as in deliver.lua
return redis.call('GET', KEYS[1]) or '0'

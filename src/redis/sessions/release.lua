-- A replica gives a session up: whoever is asked for it next may have it.
-- KEYS: 1 the record
-- ARGV: 1 instance that had the session; the record of another one is left alone
-- Returns: 1, or 0 when it is another's, or gone
-- Ends: as it did
if redis.call('HGET', KEYS[1], 'h') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'h', '')
return 1

-- A session has ended: its record goes with it.
-- KEYS: 1 the record
-- ARGV: 1 instance that had the session; the record of another one is left alone
-- Returns: how many records were removed
-- Ends: at once
local holder = redis.call('HGET', KEYS[1], 'h')
if holder == ARGV[1] or holder == '' then return redis.call('DEL', KEYS[1]) end
return 0

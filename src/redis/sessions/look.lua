-- Reads the record of a session.
-- KEYS: 1 the record
-- ARGV: none
-- Returns: signed record and instance that has the session; an empty list when there is none
-- Ends: as it did
local found = redis.call('HMGET', KEYS[1], 'r', 'h')
if found[1] and found[2] then return found end
return {}

-- Writes the record of a session that a replica has.
-- KEYS: 1 the record (hash: r = signed record, h = instance that has the session, '' = given up)
-- ARGV: 1 that instance, 2 signed record, 3 milliseconds until the record ends
-- Returns: 1, or 0 when another replica has the session: nothing is written then
-- Ends: after ARGV[3]
local holder = redis.call('HGET', KEYS[1], 'h')
if holder and holder ~= '' and holder ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'r', ARGV[2], 'h', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1

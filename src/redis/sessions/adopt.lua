-- Takes a session over from the replica that had it: of several that try, one does.
-- KEYS: 1 the record
-- ARGV: 1 instance that takes it, 2 instance that had it when the record was read; '' = it was given up, 3 milliseconds until the record ends
-- Returns: 1, or 0 when somebody else has it by now, or the record is gone
-- Ends: after ARGV[3]
if redis.call('HGET', KEYS[1], 'h') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'h', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1

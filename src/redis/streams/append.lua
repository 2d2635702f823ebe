-- Appends one entry to a stream that keeps about so many.
-- KEYS: 1 the stream
-- ARGV: 1 about how many entries it keeps, 2 milliseconds until it ends when nothing is appended any more, then field, value, …
-- Returns: the entry's id
-- Ends: ARGV[2] after its last entry
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return id

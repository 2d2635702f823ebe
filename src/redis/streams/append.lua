-- Appends one entry to a stream that keeps about so many.
-- KEYS[1]  the stream
-- ARGV[1]  about how many entries it keeps
-- ARGV[2]  milliseconds after which it ends when nothing is appended any more
-- ARGV[3…] field, value, field, value …
-- Returns the entry's id. The stream ends ARGV[2] after its last entry.
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return id

-- Keeps one revocation.
-- KEYS: 1 the list (zset: signed entry -> milliseconds since 1970 from which on it means nothing), 2 its mark
-- ARGV: 1 signed entry, 2 those milliseconds, 3 the next mark, 4 milliseconds for which both are kept
-- Returns: 1 if it is new
-- Ends: both keys, so long after they were touched last
local new = redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
return new

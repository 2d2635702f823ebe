-- Reads all revocations that still mean something, unless the reader has seen them.
-- KEYS: 1 the list (zset: signed entry -> milliseconds since 1970 from which on it means nothing), 2 its mark
-- ARGV: 1 the mark that the reader saw last, 2 a mark for a list that has none, 3 milliseconds for which both are kept
-- Returns: the mark alone, if it is the one that was seen; otherwise the mark and the entries
-- Ends: both keys, so long after they were touched last
local mark = redis.call('GET', KEYS[2])
if mark == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  return { mark }
end
if not mark then
  mark = ARGV[2]
  redis.call('SET', KEYS[2], mark, 'PX', ARGV[3])
end
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', time[1] * 1000))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local reply = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(reply, 1, mark)
return reply

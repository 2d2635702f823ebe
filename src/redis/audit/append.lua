-- Appends records to the audit stream: all of them, in this order.
-- KEYS: 1 the stream
-- ARGV: 1 about how many entries it keeps, 2 milliseconds until it ends when nothing is appended any more, then the records
-- Returns: how many were appended
-- Ends: ARGV[2] after its last entry
for at = 3, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'record', ARGV[at])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return #ARGV - 2

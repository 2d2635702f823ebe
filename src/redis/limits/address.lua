-- Counts a refused request of one address in a fixed window.
-- KEYS: 1 the count
-- ARGV: 1 length of the window in milliseconds
-- Returns: the count, and milliseconds until the window ends
-- Ends: with the window
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return { count, left }

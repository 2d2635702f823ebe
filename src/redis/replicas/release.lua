-- Gives keys of one tenant back.
-- KEYS: the claims
-- ARGV: 1 instance, then the fence of each claim; what has another owner or fence by now is left alone
-- Returns: how many were given back
-- Ends: the others as they did
local released = 0
for at = 1, #KEYS do
  local held = redis.call('HMGET', KEYS[at], 'by', 'fence')
  if held[1] == ARGV[1] and held[2] == ARGV[at + 1] then
    released = released + redis.call('DEL', KEYS[at])
  end
end
return released

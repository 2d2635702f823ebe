-- Keeps the claims that a replica has on keys of one tenant, and writes those that were lost.
-- KEYS: 1 the tenant's marker, then the claims
-- ARGV: 1 instance, 2 milliseconds until claims end, then the fence of each claim; 0 = taken while Redis was away
-- Returns: for each claim the fence that it has now, or 0 when another replica has the key with a higher one
-- Ends: all keys after ARGV[2]
local time = redis.call('TIME')
local fresh = time[1] * 1000000 + time[2]
local reply = {}
for at = 2, #KEYS do
  local fence = tonumber(ARGV[at + 1])
  local held = redis.call('HMGET', KEYS[at], 'by', 'fence')
  local other = held[1] and held[1] ~= ARGV[1] and tonumber(held[2] or '0') or -1
  if other >= fence and other >= 0 then
    reply[at - 1] = '0'
  else
    if held[1] == ARGV[1] and tonumber(held[2] or '0') > fence then fence = tonumber(held[2]) end
    if fence == 0 then fence = fresh end
    reply[at - 1] = string.format('%.0f', fence)
    redis.call('HSET', KEYS[at], 'by', ARGV[1], 'fence', reply[at - 1])
    redis.call('PEXPIRE', KEYS[at], ARGV[2])
  end
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
return reply

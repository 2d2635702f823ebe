-- A replica says that it lives, and hears who else does.
-- KEYS: 1 the list of live replicas (hash: instance -> "<milliseconds of its last word>:<signed listing>")
-- ARGV: 1 instance, 2 its signed listing, 3 milliseconds after which who says nothing is off the list
-- Returns: was it listed before (1 or 0), Redis' time in milliseconds, then for each live one: instance, milliseconds since its
--   last word, signed listing
-- Ends: the key with its newest entry
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ttl = tonumber(ARGV[3])
local known = redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ':' .. ARGV[2]) == 0
redis.call('PEXPIRE', KEYS[1], ttl)
local reply = { known and 1 or 0, string.format('%.0f', now) }
local all = redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local said, listing = string.match(all[at + 1], '^(%d+):(.*)$')
  local age = said and now - tonumber(said) or ttl
  if age >= ttl then
    redis.call('HDEL', KEYS[1], all[at])
  else
    reply[#reply + 1] = all[at]
    reply[#reply + 1] = math.max(0, age)
    reply[#reply + 1] = listing
  end
end
return reply

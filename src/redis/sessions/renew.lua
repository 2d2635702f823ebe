-- Keeps records of one tenant's sessions alive.
-- KEYS: the records
-- ARGV: 1 instance that has the sessions, then for each record the milliseconds until it ends
-- Returns: for each record 1 = kept, 0 = there is none, -1 = another replica has the session
-- Ends: each after its own time
local reply = {}
for at = 1, #KEYS do
  local holder = redis.call('HGET', KEYS[at], 'h')
  if not holder then
    reply[at] = 0
  elseif holder ~= ARGV[1] then
    reply[at] = -1
  else
    redis.call('PEXPIRE', KEYS[at], ARGV[at + 1])
    reply[at] = 1
  end
end
return reply

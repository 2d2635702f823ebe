-- Who serves an owner key: tells it, or makes it the one that asks.
-- KEYS: 1 the claim (hash: by = instance, fence = number), 2 the tenant's marker: while it stands, no claim of the tenant was lost
-- ARGV: 1 instance that asks, 2 milliseconds until claims end, 3 instances that are not dead, each followed by a space,
--   4 the dead instance whose claim may be taken; "-" = none; "*" = a key without claim may be taken though there is no marker,
--   5 is the key wanted (1), or is this only a question (0)
-- Returns: mine + fence; held + instance; orphaned + instance (not among the live); unsure (no claim and no marker); free
-- Ends: both keys after ARGV[2]. The owner keeps them (renew.lua)
local held = redis.call('HMGET', KEYS[1], 'by', 'fence')
local by = held[1]
if by and by ~= ARGV[1] then
  if string.find(ARGV[3], by .. ' ', 1, true) then return { 'held', by } end
  if by ~= ARGV[4] then return { 'orphaned', by } end
elseif not by then
  if ARGV[4] ~= '*' and redis.call('EXISTS', KEYS[2]) == 0 then return { 'unsure' } end
  if ARGV[5] ~= '1' then return { 'free' } end
end
-- Above every fence that was given out before, also by a server that has forgotten them all: by the time, in microseconds.
local time = redis.call('TIME')
local fence = time[1] * 1000000 + time[2]
if held[2] and tonumber(held[2]) >= fence then fence = tonumber(held[2]) + 1 end
local text = string.format('%.0f', fence)
redis.call('HSET', KEYS[1], 'by', ARGV[1], 'fence', text)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
return { 'mine', text }

-- A topic has changed: whatever was kept of it is of an older generation from now on, and the other replicas hear of it.
-- KEYS: 1 the topic's generation
-- ARGV: 1 milliseconds until it ends: longer than anything that was kept, 2 channel, 3 what to say on it
-- Returns: the new generation
-- Ends: KEYS[1] after ARGV[1]
local time = redis.call('TIME')
local generation = time[1] .. '.' .. time[2]
redis.call('SET', KEYS[1], generation, 'PX', ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return generation

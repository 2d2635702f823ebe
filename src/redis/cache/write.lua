-- Keeps a text, unless its topic has changed since the reading that made it began.
-- KEYS: 1 the kept text, 2 the topic's generation
-- ARGV: 1 text, 2 milliseconds until it ends, 3 the generation that the reading began in
-- Returns: 1 = kept, 0 = overtaken
-- Ends: KEYS[1] after ARGV[2]
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1

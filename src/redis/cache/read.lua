-- What is kept for a request, and the generation that its topic is in.
-- KEYS: 1 the kept text, 2 the topic's generation
-- Returns: the text ("" = none), the generation ("" = the first one)
-- Ends: nothing is written
return { redis.call('GET', KEYS[1]) or '', redis.call('GET', KEYS[2]) or '' }

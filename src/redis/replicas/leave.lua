-- A replica takes itself off the list.
-- KEYS: 1 the list of live replicas
-- ARGV: 1 instance
-- Returns: how many entries were taken off
-- Ends: as it did
return redis.call('HDEL', KEYS[1], ARGV[1])

-- A named call: tells what is known of it, or makes it the asking replica's to run.
-- KEYS: 1 the call
-- ARGV: 1 signed record of the claim, 2 milliseconds until a claimer that says nothing is taken for dead
-- Returns: the signed record that is there; nil when there was none, and it is the asker's now
-- Ends: after ARGV[2], unless it is settled (settle.lua)
local known = redis.call('GET', KEYS[1])
if known then return known end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return nil

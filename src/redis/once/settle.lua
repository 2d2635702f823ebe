-- A named call has ended: puts what came of it in place of its claim, or takes the claim away.
-- KEYS: 1 the call
-- ARGV: 1 signed record of the claim, as it was written, 2 signed record of what came of it; "" = it did not run, 3 milliseconds for which that is told
-- Returns: 1; 0 when the claim is not the asker's any more
-- Ends: after ARGV[3]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1

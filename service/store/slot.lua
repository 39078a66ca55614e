-- The next moment at which a sender may send, for all workers together: moments are handed out, one interval apart.
-- KEYS: the sender's clock.  ARGV: now (ms), interval (ms, with a fraction) for each segment, segments, farthest (ms)
-- Returns the milliseconds to wait; -1 - that where it is farther than wanted, and no moment was taken.

local now, interval, segments, farthest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local wait = math.ceil(clock - now)
if wait > farthest then return -1 - wait end
local after = clock + interval * segments
redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil(after - now) + 1000)
return wait

-- A row of the outbox takes a step, only if it is still as it was read.
-- KEYS: row, waiting, claimed, unsettled, dead.
-- ARGV: row before, row after, its name, "waiting" "claimed" "unsettled" "dead" or "final", not before (s), when it was
--       claimed (s), expiry (s)
-- Returns 1; or the row as it is now (false where it is gone).

local now = redis.call('GET', KEYS[1])
if now ~= ARGV[1] then return now end

redis.call('SET', KEYS[1], ARGV[2])
for list = 2, 4 do redis.call('ZREM', KEYS[list], ARGV[3]) end
redis.call('SREM', KEYS[5], ARGV[3])
if ARGV[4] == 'waiting' then
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[3])
elseif ARGV[4] == 'claimed' then
  redis.call('ZADD', KEYS[3], ARGV[6], ARGV[3])
elseif ARGV[4] == 'unsettled' then
  redis.call('ZADD', KEYS[4], ARGV[6], ARGV[3])
elseif ARGV[4] == 'dead' then
  redis.call('SADD', KEYS[5], ARGV[3])
else
  redis.call('EXPIRE', KEYS[1], ARGV[7])
end
return 1

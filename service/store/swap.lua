-- A row of the outbox takes a step, only if it is still as it was read.
-- KEYS: row, waiting, unsettled, dead.
-- ARGV: row before, row after, its name, "waiting" "unsettled" "dead" or "final", when it was claimed (s), expiry (s)
-- Returns 1; or the row as it is now (false where it is gone).

local now = redis.call('GET', KEYS[1])
if now ~= ARGV[1] then return now end

redis.call('SET', KEYS[1], ARGV[2])
redis.call('LREM', KEYS[2], 0, ARGV[3])
redis.call('ZREM', KEYS[3], ARGV[3])
redis.call('SREM', KEYS[4], ARGV[3])
if ARGV[4] == 'waiting' then
  redis.call('RPUSH', KEYS[2], ARGV[3])
elseif ARGV[4] == 'unsettled' then
  redis.call('ZADD', KEYS[3], ARGV[5], ARGV[3])
elseif ARGV[4] == 'dead' then
  redis.call('SADD', KEYS[4], ARGV[3])
else
  redis.call('EXPIRE', KEYS[1], ARGV[6])
end
return 1

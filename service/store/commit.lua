-- One turn is remembered, whole or not at all: only if nothing has changed since it began.
-- KEYS: answer, session, person.
-- ARGV: id, session before, session after, its expiry (s), person before, person after, answer, its expiry (s)
-- Returns {1}; or {0, answer, session, person} as they are now, where another turn came in between.

local function same(key, before)
  return (redis.call('GET', key) or '') == before
end

local answer = ARGV[1] ~= '' and redis.call('GET', KEYS[1])
if answer or not same(KEYS[2], ARGV[2]) or not same(KEYS[3], ARGV[5]) then
  return {0, answer, redis.call('GET', KEYS[2]), redis.call('GET', KEYS[3])}
end

if ARGV[3] ~= '' then
  redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
end
if ARGV[6] ~= ARGV[5] then
  redis.call('SET', KEYS[3], ARGV[6])
end
if ARGV[1] ~= '' then
  redis.call('SET', KEYS[1], ARGV[7], 'EX', ARGV[8])
end
return {1}

-- One turn is remembered, whole or not at all: only if nothing has changed since it began.
-- KEYS: answer, session, person, ledger, answered, erasures, waiting, unsettled, dead, their rows, then a key for each
--       new row of the outbox.
-- ARGV: id, session before, session after ("" keeps it), its expiry (s), person before, person after, answer, its
--       expiry (s), "forget" or "", a number to erase at Twilio or "", then for each row its name and the row, then
--       the new lines of the ledger
-- Returns {1}; or {0, answer, session, person} as they are now, where another turn came in between.

local MOST_ANSWERED = 500

local function same(key, before)
  return (redis.call('GET', key) or '') == before
end

local id = ARGV[1]
local answer = id ~= '' and redis.call('GET', KEYS[1])
if answer or not same(KEYS[2], ARGV[2]) or not same(KEYS[3], ARGV[5]) then
  return {0, answer, redis.call('GET', KEYS[2]), redis.call('GET', KEYS[3])}
end

if ARGV[9] == 'forget' then
  local prefix = string.sub(KEYS[1], 1, -1 - #id)
  for _, each in ipairs(redis.call('LRANGE', KEYS[5], 0, -1)) do
    redis.call('DEL', prefix .. each)
  end
  local outbox = 'o:' .. string.match(KEYS[7], '{.*}') .. ':'
  for _, name in ipairs(redis.call('LRANGE', KEYS[10], 0, -1)) do
    redis.call('DEL', outbox .. string.match(name, ':(.*)'))
    redis.call('LREM', KEYS[7], 0, name)
    redis.call('ZREM', KEYS[8], name)
    redis.call('SREM', KEYS[9], name)
  end
  redis.call('DEL', KEYS[2], KEYS[4], KEYS[5], KEYS[10])
elseif ARGV[3] ~= '' then
  redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
end
if ARGV[6] ~= ARGV[5] then
  redis.call('SET', KEYS[3], ARGV[6])
end
local argument = 11
for number = 11, #KEYS do
  if redis.call('SET', KEYS[number], ARGV[argument + 1], 'NX') then -- what is there already was asked for before
    redis.call('RPUSH', KEYS[7], ARGV[argument])
    redis.call('RPUSH', KEYS[10], ARGV[argument])
    redis.call('EXPIRE', KEYS[10], 31 * 24 * 60 * 60)
  end
  argument = argument + 2
end
for number = argument, #ARGV do
  redis.call('RPUSH', KEYS[4], ARGV[number])
end
if ARGV[10] ~= '' then
  redis.call('RPUSH', KEYS[6], ARGV[10])
end
if id ~= '' then
  redis.call('SET', KEYS[1], ARGV[7], 'EX', ARGV[8])
  if redis.call('RPUSH', KEYS[5], id) > MOST_ANSWERED then
    redis.call('LTRIM', KEYS[5], -MOST_ANSWERED, -1)
  end
  redis.call('EXPIRE', KEYS[5], ARGV[8])
end
return {1}

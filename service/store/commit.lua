-- One turn is remembered, whole or not at all: only if nothing has changed since it began.
-- KEYS: answer, session, person, ledger, answered, erasures, waiting, claimed, dead, their rows, subscribers, what is
--       due, drafts, unsettled, what was sent today, invitation, then a key for each new row of the outbox.
-- ARGV: id, session before, session after ("" keeps it), its expiry (s), person before, person after, answer, its
--       expiry (s), "forget" or "", a number to erase at Twilio or "", contact, subscriptions before, subscriptions
--       after, when something is due (s; 0 never), how many drafts, how many rows end unsent, then for each draft its
--       id and itself ("" throws it away), for each row that ends its name, for each new row its name and itself,
--       then the new lines of the ledger
-- Returns {1}; or {0, answer, session, person, subscriptions, drafts} as they are now, where another turn came between.

local MOST_ANSWERED = 500
local DRAFT_SECONDS = 7 * 24 * 60 * 60

local function same(key, before)
  return (redis.call('GET', key) or '') == before
end

local id = ARGV[1]
local answer = id ~= '' and redis.call('GET', KEYS[1])
local subscriptions = redis.call('HGET', KEYS[11], ARGV[11]) or ''
if answer or subscriptions ~= ARGV[12] or not same(KEYS[2], ARGV[2]) or not same(KEYS[3], ARGV[5]) then
  return {0, answer, redis.call('GET', KEYS[2]), redis.call('GET', KEYS[3]), subscriptions, redis.call('HGETALL', KEYS[13])}
end

local function end_row(name)
  redis.call('DEL', 'o:' .. string.match(KEYS[7], '{.*}') .. ':' .. string.match(name, ':(.*)'))
  redis.call('ZREM', KEYS[7], name)
  redis.call('ZREM', KEYS[8], name)
  redis.call('ZREM', KEYS[14], name)
  redis.call('SREM', KEYS[9], name)
end

if ARGV[9] == 'forget' then
  local prefix = string.sub(KEYS[1], 1, -1 - #id)
  for _, each in ipairs(redis.call('LRANGE', KEYS[5], 0, -1)) do
    redis.call('DEL', prefix .. each)
  end
  for _, name in ipairs(redis.call('LRANGE', KEYS[10], 0, -1)) do
    end_row(name)
  end
  redis.call('DEL', KEYS[2], KEYS[4], KEYS[5], KEYS[10], KEYS[13], KEYS[15], KEYS[16])
elseif ARGV[3] ~= '' then
  redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
end
if ARGV[6] ~= ARGV[5] then
  redis.call('SET', KEYS[3], ARGV[6])
end
if ARGV[13] ~= subscriptions then
  if ARGV[13] == '' then redis.call('HDEL', KEYS[11], ARGV[11]) else redis.call('HSET', KEYS[11], ARGV[11], ARGV[13]) end
  if ARGV[14] == '0' then redis.call('ZREM', KEYS[12], ARGV[11]) else redis.call('ZADD', KEYS[12], ARGV[14], ARGV[11]) end
end
local argument = 17
for _ = 1, tonumber(ARGV[15]) do
  if ARGV[argument + 1] == '' then
    redis.call('HDEL', KEYS[13], ARGV[argument])
  else
    redis.call('HSET', KEYS[13], ARGV[argument], ARGV[argument + 1])
    redis.call('EXPIRE', KEYS[13], DRAFT_SECONDS)
  end
  argument = argument + 2
end
for _ = 1, tonumber(ARGV[16]) do
  end_row(ARGV[argument])
  argument = argument + 1
end
for number = 17, #KEYS do
  if redis.call('SET', KEYS[number], ARGV[argument + 1], 'NX') then -- what is there already was asked for before
    redis.call('ZADD', KEYS[7], cjson.decode(ARGV[argument + 1])[5] or 0, ARGV[argument])
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

-- One turn begins: has this message been answered, what is known of this contact, may they send?
-- KEYS: answer, session, person, limit, subscribers, drafts.
-- ARGV: now (ms), burst, interval (ms; 0 where nothing is limited), id ("" where there is none), contact
-- Returns {answer or false, session, person, allowance, subscriptions, drafts}; of the allowance 0 is refused again, 1
-- refused for the first time, 2 granted.

local function known(answer, allowance)
  return {
    answer, redis.call('GET', KEYS[2]), redis.call('GET', KEYS[3]), allowance,
    redis.call('HGET', KEYS[5], ARGV[5]), redis.call('HGETALL', KEYS[6])
  }
end

if ARGV[4] ~= '' then
  local answer = redis.call('GET', KEYS[1])
  if answer then return known(answer, 2) end
end

local now, burst, interval = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if interval == 0 then return known(false, 2) end

-- The limit is a virtual clock (GCRA): each text moves it on by one interval; it may run ahead by a burst and no more.
local limit = redis.call('GET', KEYS[4])
local clock, told = now, false
if limit then
  local stored, mark = string.match(limit, '^(%d+)(!?)$')
  clock, told = math.max(now, tonumber(stored) or now), mark == '!'
end
local after = clock + interval
local allowance = 2
if after - now > burst * interval then
  allowance = told and 0 or 1
  if not told then
    redis.call('SET', KEYS[4], string.format('%.0f!', clock), 'PX', math.max(1, clock - now))
  end
else
  redis.call('SET', KEYS[4], string.format('%.0f', after), 'PX', after - now)
end

return known(false, allowance)

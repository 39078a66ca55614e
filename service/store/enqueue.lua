-- New rows of one bucket, each once however often they are planned.
-- KEYS: waiting.
-- ARGV: the expiry of the names of somebody's rows (s), then for each row its name, its contact, not before (s), itself
-- Returns how many are new.

local bucket = string.match(KEYS[1], '{.*}')
local new = 0
for at = 2, #ARGV, 4 do
  local name, contact, row = ARGV[at], ARGV[at + 1], ARGV[at + 3]
  if redis.call('SET', 'o:' .. bucket .. ':' .. string.match(name, ':(.*)'), row, 'NX') then
    local theirs = 'w:' .. bucket .. ':' .. contact
    redis.call('ZADD', KEYS[1], ARGV[at + 2], name)
    redis.call('RPUSH', theirs, name)
    redis.call('EXPIRE', theirs, ARGV[1])
    new = new + 1
  end
end
return new

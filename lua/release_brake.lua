--[[
  release_brake: an operator lets go the brokers of a cluster that the brake holds; `sweep` does it, some at a time.

  KEYS
    brake      hash    the brake of the cluster
    revision   hash    n and tag of the last change
    changes    stream  the changes
    schema     string  version of the layout
  ARGV
    tag        str     mark of this change
    by         str     who asked
    row        str     name of the brake's row
  RETURNS
    int        the revision that has it; 0 when the brake is not engaged there
  ERRORS
    NO_SCHEMA  the namespace is not there (yet)
]]
-- @include clock
-- @include changes
if redis.call('EXISTS', schema) == 0 then
  return redis.error_reply('NO_SCHEMA the namespace is not open')
end
local engaged = redis.call('HMGET', brake, 'since', 'letGo', 'revision')
if not engaged[1] then
  return 0
end
if engaged[2] then
  return tonumber(engaged[3])
end
local at = now_ms()
local n = record_change(revision, changes, { tag = tag, kind = 'brake-let-go', subjects = { row }, at = at, by = by,
  why = 'who is held goes now' })
redis.call('HSET', brake, 'letGo', string.format('%d', at), 'letGoBy', by, 'revision', string.format('%d', n))
return n

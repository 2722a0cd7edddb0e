--[[
  suspect: mark a broker whose connection closed and whose loss is not confirmed; its next beat or registration ends it.

  KEYS
    broker     hash    the record
    lease      hash    last beat
    revision   hash    n and tag of the last change
    changes    stream  the changes
    schema     string  version of the layout
  ARGV
    tag        str     mark of this change
    by         str     the node that saw it
    member     str     name/id, the name percent-encoded
    epoch      str     must be the present one
    beat       str     must be the time of its last beat, in ms
    why        str     words for people
  RETURNS
    int        the revision after this change; 0 when there is no such broker, or it is suspect already
  ERRORS
    NO_SCHEMA    the namespace is not there (yet)
    STALE_EPOCH  with the present epoch: another incarnation is there, or it beat meanwhile
]]
-- @include clock
-- @include changes
local record = redis.call('HMGET', broker, 'epoch', 'suspectAt')
if not record[1] then
  if redis.call('EXISTS', schema) == 0 then
    return redis.error_reply('NO_SCHEMA the namespace is not open')
  end
  return 0
end
if epoch ~= record[1] or beat ~= redis.call('HGET', lease, 'beat') then
  return redis.error_reply('STALE_EPOCH ' .. record[1])
end
if record[2] then
  return 0
end
local at = now_ms()
local n = record_change(revision, changes,
  { tag = tag, kind = 'suspect', subjects = { 'broker:' .. member }, at = at, by = by, why = why })
redis.call('HSET', broker, 'suspectAt', string.format('%d', at), 'revision', string.format('%d', n))
return n

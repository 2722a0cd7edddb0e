--[[
  unregister: a broker leaves at its own wish or an operator's; nothing to do when it is gone already.

  KEYS
    broker     hash    the record
    lease      hash    last beat
    group      hash    cluster, addresses, override
    revision   hash    n and tag of the last change
    changes    stream  the changes
    schema     string  version of the layout
  ARGV
    prefix     str     what every key of the namespace starts with
    tag        str     mark of this change
    by         str     who asked
    name       str     broker name, percent-encoded
    id         str     broker id
    cluster    str
    epoch      str     must be the present one; empty: not given
    address    str     must be the present one; empty: not given
  RETURNS
    int        the revision after this change; 0 when there was no such broker
  ERRORS
    NO_SCHEMA    the namespace is not there (yet)
    STALE_EPOCH  with the present epoch
]]
-- @include clock
-- @include changes
-- @include group
-- @include drop_broker
local record = redis.call('HMGET', broker, unpack(OFFLINE_FIELDS))
if not record[1] then
  if redis.call('EXISTS', schema) == 0 then
    return redis.error_reply('NO_SCHEMA the namespace is not open')
  end
  return 0
end
if record[1] ~= cluster then
  return 0
end
if (epoch ~= '' and epoch ~= record[3]) or (address ~= '' and address ~= record[2]) then
  return redis.error_reply('STALE_EPOCH ' .. record[3])
end
local at = now_ms()
local members = read_group(group)
local n = record_change(revision, changes,
  { tag = tag, kind = 'unregister', subjects = drop_rows(members, name, id), at = at, by = by })
local last_beat = tonumber(redis.call('HGET', lease, 'beat') or at)
drop_broker(prefix, members, name, id,
  { record = record, at = at, last_beat = last_beat, reason = 'unregistered', by = by, n = n })
return n

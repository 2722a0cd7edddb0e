--[[
  unregister: a broker leaves at its own wish or an operator's, or because its loss is confirmed; nothing to do when it
  is gone already.

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
    beat       str     must be the time of its last beat, in ms; empty: not given
    held       str     must be since when the brake holds it, in ms; empty: not given
    reason     str     unregistered, or connection-lost
  RETURNS
    int        the revision after this change; 0 when there was no such broker
  ERRORS
    NO_SCHEMA    the namespace is not there (yet)
    STALE_EPOCH  with the present epoch: another incarnation is there, or it beat meanwhile
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
local last_beat = redis.call('HGET', lease, 'beat')
local hold = redis.call('HMGET', broker, 'heldAt', 'lastBeat')
if (beat ~= '' and beat ~= last_beat) or (held ~= '' and held ~= hold[1]) then
  return redis.error_reply('STALE_EPOCH ' .. record[3])
end
local at = now_ms()
local kind, why = 'unregister', ''
if reason == 'connection-lost' then
  kind, why = 'lost', 'its connection closed and its port refuses connections'
  if held ~= '' then
    why = 'it was held by the brake and its port refuses connections'
  end
end
local members = read_group(group)
local n = record_change(revision, changes,
  { tag = tag, kind = kind, subjects = drop_rows(members, name, id), at = at, by = by, why = why })
drop_broker(prefix, members, name, id,
  { record = record, at = at, reason = reason, by = by, n = n,
    last_beat = tonumber(last_beat or hold[1] and hold[2] or at) })
return n

--[[
  put_settings: change settings of the namespace, those that change answers on every node.

  KEYS
    settings   hash    name -> value
    revision   hash    n and tag of the last change
    changes    stream  the changes
    rows       set     names of all rows
    schema     string  version of the layout
  ARGV
    tag        str     mark of this change
    by         str     who asked
    request    str     id of the request
    values...   str     name, value; an empty value takes the setting back to its default
  RETURNS
    int        the revision that has these settings: of this change or, when nothing differed, of the last one (0: none)
  ERRORS
    NO_SCHEMA  the namespace is not there (yet)
]]
-- @include clock
-- @include changes
if redis.call('EXISTS', schema) == 0 then
  return redis.error_reply('NO_SCHEMA the namespace is not open')
end
local differs = false
for i = 1, #values, 2 do
  if (redis.call('HGET', settings, values[i]) or '') ~= values[i + 1] then
    differs = true
  end
end
if not differs then
  return tonumber(redis.call('HGET', settings, 'revision') or 0)
end
local n = record_change(revision, changes,
  { tag = tag, kind = 'settings', subjects = { 'settings' }, at = now_ms(), by = by, request = request })
for i = 1, #values, 2 do
  if values[i + 1] == '' then
    redis.call('HDEL', settings, values[i])
  else
    redis.call('HSET', settings, values[i], values[i + 1])
  end
end
redis.call('HSET', settings, 'revision', string.format('%d', n), 'request', request)
redis.call('SADD', rows, 'settings')
return n

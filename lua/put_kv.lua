--[[
  put_kv: set or delete one key of a key-value namespace.

  KEYS
    kv         hash    key -> "revision request value"
    revision   hash    n and tag of the last change
    changes    stream  the changes
    rows       set     names of all rows
    schema     string  version of the layout
  ARGV
    tag        str     mark of this change
    by         str     who asked
    row        str     name of the row
    key        str
    deletes    bool    delete the key; the value is not looked at
    value      str
    expected   int?    the key's revision must be this one; 0: there must be no such key
    request    str     id of the request
  RETURNS
    list       the key's revision (0: deleted or not there), 1 when it was created, 1 when anything changed, a revision
               that covers this
  ERRORS
    NO_SCHEMA     the namespace is not there (yet)
    PRECONDITION  with the key's present revision
]]
-- @include clock
-- @include changes
if redis.call('EXISTS', schema) == 0 then
  return redis.error_reply('NO_SCHEMA the namespace is not open')
end
local cell = redis.call('HGET', kv, key)
local present, old = 0, nil
if cell then
  present, old = string.match(cell, '^(%d+) %S* (.*)$')
  present = tonumber(present)
end
if expected and expected ~= present then
  return redis.error_reply('PRECONDITION ' .. string.format('%d', present))
end
if (deletes and not cell) or (not deletes and old == value) then
  return { present, 0, 0, present }
end
local n = record_change(revision, changes, { tag = tag, kind = deletes and 'delete-kv' or 'put-kv', subjects = { row },
  at = now_ms(), by = by, why = key, request = request })
if deletes then
  redis.call('HDEL', kv, key)
  if redis.call('EXISTS', kv) == 0 then
    redis.call('SREM', rows, row)
  end
  return { 0, 0, 1, n }
end
redis.call('HSET', kv, key, string.format('%d', n) .. ' ' .. request .. ' ' .. value)
redis.call('SADD', rows, row)
return { n, cell and 0 or 1, 1, n }

--[[
  restore_row: put back a row that the store has lost or set back: a table, settings, an override, an offline record.

  KEYS
    row        hash    the row
    leases     zset    deadlines
    revision   hash    n and tag of the last change
    changes    stream  the changes
    rows       set     names of all rows
  ARGV
    tag        str     mark of this change
    node       str     who puts it back
    floor      int     the highest revision that the node has seen
    name       str     name of the row
    guard      str     the field that holds the row's revision
    known      int     the row's revision as the node knows it
    whole      bool    the row is replaced; else these fields are added to what it has
    needs      str     key that must exist; empty: none
    unless     str     key that must not exist; empty: none
    member     str     member of `leases` that ends the row; empty: none
    ends_ms    str     when it ends
    values...   str     field, value as they were
  RETURNS
    int        the revision after this change; 0 when the store knows as much or more
  ERRORS
]]
-- @include clock
-- @include changes
local stored = tonumber(redis.call('HGET', row, guard) or 0)
local put_back_at, was = string.match(redis.call('HGET', row, 'restored') or '', '^(%d+) (%d+)$')
if put_back_at and tonumber(put_back_at) == stored then
  stored = tonumber(was) -- nobody has written it since a node put it back: it is as old as that node knew it
end
if stored >= known
  or (needs ~= '' and redis.call('EXISTS', needs) == 0)
  or (unless ~= '' and redis.call('EXISTS', unless) == 1) then
  return 0
end
local n = record_change(revision, changes, { tag = tag, kind = 'restore', at = now_ms(), by = node, floor = floor,
  subjects = { name }, why = 'the store had lost it' })
if whole then
  redis.call('DEL', row)
end
redis.call('HSET', row, unpack(values))
redis.call('HSET', row, guard, string.format('%d', n), 'restored', string.format('%d %d', n, known))
redis.call('SADD', rows, name)
if member ~= '' then
  redis.call('ZADD', leases, ends_ms, member)
end
return n

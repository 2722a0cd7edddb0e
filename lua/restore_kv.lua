--[[
  restore_kv: put back keys of a key-value namespace that the store has lost or set back.

  KEYS
    kv         hash    key -> "revision request value"
    revision   hash    n and tag of the last change
    changes    stream  the changes
    rows       set     names of all rows
  ARGV
    tag        str     mark of this change
    node       str     who puts it back
    floor      int     the highest revision that the node has seen
    name       str     name of the row
    cells...   str     key, cell as it was
  RETURNS
    int        the revision after this change; 0 when the store knows as much or more
  ERRORS
]]
-- @include clock
-- @include changes
local function revision_of(cell)
  return tonumber(string.match(cell or '', '^%d+') or 0)
end
local lost = {}
for i = 1, #cells, 2 do
  if revision_of(redis.call('HGET', kv, cells[i]) or '') < revision_of(cells[i + 1]) then
    lost[#lost + 1] = cells[i]
    lost[#lost + 1] = cells[i + 1]
  end
end
if #lost == 0 then
  return 0
end
local n = record_change(revision, changes, { tag = tag, kind = 'restore', at = now_ms(), by = node, floor = floor,
  subjects = { name }, why = 'the store had lost it' })
redis.call('HSET', kv, unpack(lost))
redis.call('SADD', rows, name)
return n

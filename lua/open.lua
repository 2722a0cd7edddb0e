--[[
  open: create the namespace when it is missing; say which layout it has.

  KEYS
    schema     string  version of the layout
    revision   hash    n and tag of the last change
    changes    stream  the changes
  ARGV
    version    str     layout that this node writes
    tag        str     mark of this change
    by         str     node
    floor      int     the highest revision that the node has seen
  RETURNS
    list       the layout's version; 1 when it was created now, else 0
  ERRORS
]]
-- @include clock
-- @include changes
local present = redis.call('GET', schema)
if present then
  return { present, 0 }
end
record_change(revision, changes, { tag = tag, kind = 'open', subjects = {}, at = now_ms(), by = by, floor = floor })
redis.call('SET', schema, version)
return { version, 1 }

--[[
  write_tables: replace the topic tables of some groups, all or none, each only if nobody wrote it meanwhile.

  KEYS
    revision   hash    n and tag of the last change
    changes    stream  the changes
    rows       set     names of all rows
    schema     string  version of the layout
  ARGV
    prefix     str     what every key of the namespace starts with
    tag        str     mark of this change
    kind       str     topics or delete-topic
    by         str     who asked
    why        str
    request    str     id of the request
    writer     str     id of the broker that writes its group's table; empty for an operator
    tables...  str     per group: name (percent-encoded), version it was made from, table, deleted topics, delta
  RETURNS
    list       1 and the revision after this change; or 0 and the name of a group whose table has moved
  ERRORS
    NO_SCHEMA  the namespace is not there (yet)
    GONE       the group, or the writer, is not registered
    NOT_OWNER  the writer does not write its group's table
]]
-- @include clock
-- @include changes
-- @include group
if redis.call('EXISTS', schema) == 0 then
  return redis.error_reply('NO_SCHEMA the namespace is not open')
end
local subjects = {}
for i = 1, #tables, 5 do
  local members = read_group(prefix .. 'group:' .. tables[i])
  if members.members == 0 or (writer ~= '' and not members.addresses[writer]) then
    return redis.error_reply('GONE register first')
  end
  if writer ~= '' and not writes_table(members, writer) then
    return redis.error_reply('NOT_OWNER of the table')
  end
  if tonumber(redis.call('HGET', prefix .. 'table:' .. tables[i], 'version') or 0) ~= tonumber(tables[i + 1]) then
    return { 0, tables[i] }
  end
  subjects[#subjects + 1] = 'table:' .. tables[i]
end
local n = record_change(revision, changes, { tag = tag, kind = kind, subjects = subjects, at = now_ms(), by = by,
  why = why, request = request, delta = #tables == 5 and tables[5] or '' })
for i = 1, #tables, 5 do
  redis.call('HSET', prefix .. 'table:' .. tables[i], 'version', string.format('%d', n), 'blob', tables[i + 2],
    'deleted', tables[i + 3], 'digests', '', 'request', request)
  redis.call('SADD', rows, 'table:' .. tables[i])
end
return { 1, n }

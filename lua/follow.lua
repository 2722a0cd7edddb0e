--[[
  follow: everything that changed after a revision, with the rows as they are now, in one atomic look.

  KEYS
    revision   hash    n and tag of the last change
    changes    stream  the changes
    schema     string  version of the layout
  ARGV
    prefix     str     what every key of the namespace starts with
    after      int     the revision that the node has applied
    tag        str     and its mark
    limit      int     most changes, and most bytes in KiB times 16, that one look may carry
  RETURNS
    list       same|changes|behind|forked|lost, n, its tag, the changes as stream entries, the rows as (name, fields)
  ERRORS
]]
local head = redis.call('HMGET', revision, 'n', 'tag')
if redis.call('EXISTS', schema) == 0 or not head[1] then
  return { 'lost', 0, '', {}, {} }
end
local n, last_tag = tonumber(head[1]), head[2]
if n == after then
  return { last_tag == tag and 'same' or 'forked', n, last_tag, {}, {} }
end
if n < after then
  return { 'forked', n, last_tag, {}, {} }
end
local own = redis.call('XRANGE', changes, string.format('%d-0', after), string.format('%d-0', after))[1]
if own then
  for i = 1, #own[2], 2 do
    if own[2][i] == 'tag' and own[2][i + 1] ~= tag then
      return { 'forked', n, last_tag, {}, {} }
    end
  end
end
local entries = redis.call('XRANGE', changes, string.format('(%d-0', after), '+', 'COUNT', limit + 1)
if #entries > limit or #entries == 0 then
  return { 'behind', n, last_tag, {}, {} }
end

local chain = tag
local whole, order, bytes = {}, {}, 0
for _, entry in ipairs(entries) do
  local subjects, delta = '', ''
  for i = 1, #entry[2], 2 do
    local name, value = entry[2][i], entry[2][i + 1]
    bytes = bytes + #value
    if name == 'prev' and value ~= chain then
      return { own and 'forked' or 'behind', n, last_tag, {}, {} }
    elseif name == 'tag' then
      chain = value
    elseif name == 'rows' then
      subjects = value
    elseif name == 'delta' then
      delta = value
    end
  end
  for row in string.gmatch(subjects, '%S+') do
    if whole[row] == nil then
      order[#order + 1] = row
    end
    local by_delta = delta ~= '' and string.sub(row, 1, 6) == 'table:'
    whole[row] = whole[row] or not by_delta
  end
end
if chain ~= last_tag then
  return { 'behind', n, last_tag, {}, {} }
end

local present = {}
for _, row in ipairs(order) do
  if whole[row] then
    local flat = redis.call('HGETALL', prefix .. row)
    for _, value in ipairs(flat) do
      bytes = bytes + #value
    end
    if bytes > limit * 16384 then
      return { 'behind', n, last_tag, {}, {} }
    end
    present[#present + 1] = { row, flat }
  end
end
return { 'changes', n, last_tag, entries, present }

--[[
  set_override: limit what a group's topics permit, or lift the limit.

  KEYS
    group      hash    cluster, addresses, override
    leases     zset    deadlines; here the end of the override
    revision   hash    n and tag of the last change
    changes    stream  the changes
    rows       set     names of all rows
    schema     string  version of the layout
  ARGV
    tag         str    mark of this change
    by          str    who asked
    name        str    broker name, percent-encoded
    cluster     str    must be the group's
    perm        str    permission bits that remain; empty lifts the override
    why         str    the operator's reason
    expires_ms  int?   how long it holds; not given: until lifted
    request     str    id of the request
  RETURNS
    int        the revision after this change; 0 when there was nothing to lift
  ERRORS
    NO_SCHEMA  the namespace is not there (yet)
    GONE       no such group in this cluster
]]
-- @include clock
-- @include changes
-- @include group
if redis.call('EXISTS', schema) == 0 then
  return redis.error_reply('NO_SCHEMA the namespace is not open')
end
local members = read_group(group)
local lifts = perm == ''
if members.cluster ~= cluster or (members.members == 0 and not lifts) then
  return redis.error_reply('GONE no such group in this cluster')
end
if lifts and not members.override then
  return 0
end
local at = now_ms()
local member = 'override:' .. name
local n = record_change(revision, changes, { tag = tag, kind = lifts and 'lift-override' or 'override',
  subjects = { 'group:' .. name }, at = at, by = by, why = why, request = request })
redis.call('ZREM', leases, member)
if lifts then
  redis.call('HDEL', group, 'override')
  if members.members == 0 then
    redis.call('DEL', group)
    redis.call('SREM', rows, 'group:' .. name)
    return n
  end
else
  local ends = expires_ms and string.format('%d', at + expires_ms) or ''
  redis.call('HSET', group, 'override', perm .. ' ' .. string.format('%d', at) .. ' ' .. ends, 'overrideWhy', why,
    'overrideBy', by)
  if expires_ms then
    redis.call('ZADD', leases, at + expires_ms, member)
  end
end
redis.call('HSET', group, 'revision', string.format('%d', n), 'request', request)
return n

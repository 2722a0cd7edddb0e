--[[
  beat: renew the lease of a registered broker, lapsed or not; no revision, unless it ends a
  suspicion or the brake's hold.

  KEYS
    broker     hash    the record
    lease      hash    last beat; its TTL is the lease
    leases     zset    deadlines
    members    zset    brokers of the cluster by deadline
    revision   hash    n and tag of the last change
    changes    stream  the changes
    schema     string  version of the layout
  ARGV
    tag        str     mark of the change, if there is one
    member     str     name/id, the name percent-encoded
    cluster    str
    epoch      str     must be the present one; empty: not given
    address    str     must be the present one when no epoch is given; empty: not given
    node       str     the node that was asked
  RETURNS
    int        1
  ERRORS
    NO_SCHEMA    the namespace is not there (yet)
    GONE         not registered: register again
    STALE_EPOCH  with the present epoch
]]
-- @include clock
-- @include changes
-- @include lease
local record = redis.call('HMGET', broker, 'cluster', 'epoch', 'address', 'leaseMs', 'owner', 'suspectAt',
  'heldAt')
if not record[2] then
  if redis.call('EXISTS', schema) == 0 then
    return redis.error_reply('NO_SCHEMA the namespace is not open')
  end
  return redis.error_reply('GONE register again')
end
if record[1] ~= cluster then
  return redis.error_reply('GONE this broker is registered in cluster ' .. record[1])
end
if epoch ~= '' then
  if epoch ~= record[2] then
    return redis.error_reply('STALE_EPOCH ' .. record[2])
  end
elseif address ~= '' and address ~= record[3] then
  return redis.error_reply('STALE_EPOCH ' .. record[2])
end
local at = now_ms()
if record[6] or record[7] then
  local n = record_change(revision, changes,
    { tag = tag, kind = 'recovered', subjects = { 'broker:' .. member }, at = at, by = node, why = 'it beats again' })
  redis.call('HDEL', broker, 'suspectAt', 'heldAt')
  redis.call('HSET', broker, 'revision', string.format('%d', n))
end
if record[5] ~= node then
  redis.call('HSET', broker, 'owner', node)
end
renew_lease(lease, leases, members, member, at, tonumber(record[4]), node)
return 1

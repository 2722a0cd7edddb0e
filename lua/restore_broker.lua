--[[
  restore_broker: put back a broker that the store has lost, with a full lease.

  KEYS
    broker     hash    the record
    lease      hash    last beat; its TTL is the lease
    leases     zset    deadlines
    members    zset    brokers of the cluster by deadline
    group      hash    cluster, addresses, override
    offline    hash    what is remembered of a broker that left
    revision   hash    n and tag of the last change
    changes    stream  the changes
    rows       set     names of all rows
  ARGV
    tag        str     mark of this change
    node       str     who puts it back
    floor      int     the highest revision that the node has seen
    name       str     broker name, percent-encoded
    id         str     broker id
    cluster    str
    address    str
    epoch      int
    lease_ms   int
    record...  str     field, value of the record as it was
  RETURNS
    int        the revision after this change; 0 when the store knows as much or more
  ERRORS
]]
-- @include clock
-- @include changes
-- @include group
-- @include lease
local member = name .. '/' .. id
local present = read_group(group)
if tonumber(redis.call('HGET', broker, 'epoch') or 0) >= epoch
  or tonumber(redis.call('HGET', offline, 'epoch') or 0) >= epoch
  or (present.members > 0 and present.cluster ~= cluster) then
  return 0
end
local at = now_ms()
local n = record_change(revision, changes, { tag = tag, kind = 'restore', at = at, by = node, floor = floor,
  subjects = { 'broker:' .. member, 'group:' .. name, 'offline:' .. member }, why = 'the store had lost it' })
renew_lease(lease, leases, members, member, at, lease_ms, node) -- first: a record without a deadline never expires
redis.call('DEL', broker, offline)
redis.call('ZREM', leases, 'offline:' .. member)
redis.call('SREM', rows, 'offline:' .. member)
redis.call('HSET', broker, unpack(record))
redis.call('HSET', broker, 'revision', string.format('%d', n), 'owner', node)
redis.call('HSET', group, 'cluster', cluster, 'a:' .. id, address, 'revision', string.format('%d', n))
redis.call('SADD', rows, 'broker:' .. member, 'group:' .. name)
return n

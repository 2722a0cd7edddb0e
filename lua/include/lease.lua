-- renew_lease(lease, leases, members, member, at, lease_ms, node): a full lease from `at`, with the key whose expiry is
-- the hint. members: the brokers of its cluster by deadline, from which the brake counts who is silent. The deadline
-- comes first: whatever else is refused, the sweep judges what is there.
local function renew_lease(lease, leases, members, member, at, lease_ms, node)
  redis.call('ZADD', leases, at + lease_ms, 'broker:' .. member)
  redis.call('ZADD', members, at + lease_ms, member)
  redis.call('HSET', lease, 'beat', string.format('%d', at), 'node', node)
  redis.call('PEXPIRE', lease, lease_ms)
end

--[[
  audit: give a deadline to brokers that have none, from whatever took it away: the sweep judges by deadlines alone.

  No revision: nothing that a view shows changes.

  KEYS
    leases     zset    deadlines
  ARGV
    prefix     str     what every key of the namespace starts with
    brokers... str     name/id (the name percent-encoded), the epoch that the node knows; a few hundred at most
  RETURNS
    list       the name/id of those that had none; each has a lease from now
  ERRORS
]]
-- @include clock
-- @include encode
local at, found = now_ms(), {}
for i = 1, #brokers, 2 do
  local member = brokers[i]
  if not redis.call('ZSCORE', leases, 'broker:' .. member) then
    local record = redis.call('HMGET', prefix .. 'broker:' .. member, 'epoch', 'leaseMs', 'cluster', 'heldAt')
    if record[1] == brokers[i + 1] then
      local members, due = prefix .. 'members:' .. encode(record[3]), at + tonumber(record[2])
      redis.call('ZADD', leases, due, 'broker:' .. member)
      if record[4] then -- who is held stays silent
        redis.call('ZADD', members, 'NX', at, member)
      else
        redis.call('ZADD', members, due, member)
      end
      found[#found + 1] = member
    end
  end
end
return found

-- doubt(prefix, cluster, at, limits): whether so many brokers of a cluster (encoded) fell silent together that it is
-- doubted, and how many: silent now, expired within the window, all at its start, and the window in ms. The window is
-- the lease that lasts longest there. A broker's place in `members:` is when its silence counts, held or not.
-- limits: least, percent, window_ms (at most).
local function doubt(prefix, cluster, at, limits)
  local members, expired = prefix .. 'members:' .. cluster, prefix .. 'expired:' .. cluster
  local now = string.format('%d', at)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', members, '-inf', now, 'LIMIT', 0, 64)) do
    if not redis.call('ZSCORE', prefix .. 'leases', 'broker:' .. member) then
      redis.call('ZREM', members, member) -- a record that something else than our scripts took away
    end
  end
  local count = { silent = redis.call('ZCOUNT', members, '-inf', now), window = limits.window_ms }
  local last = redis.call('ZREVRANGE', members, 0, 0)[1]
  local lease_ms = last and redis.call('HGET', prefix .. 'broker:' .. last, 'leaseMs')
  count.window = math.min(tonumber(lease_ms or limits.window_ms), limits.window_ms)
  redis.call('ZREMRANGEBYSCORE', expired, '-inf', string.format('%d', at - limits.window_ms))
  count.expired = redis.call('ZCOUNT', expired, string.format('(%d', at - count.window), '+inf')
  count.all = redis.call('ZCARD', members) + count.expired
  local gone = count.silent + count.expired
  return limits.least > 0 and gone >= limits.least and gone * 100 > limits.percent * count.all, count
end

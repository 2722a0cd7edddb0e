-- @include doubt
-- brake(run, cluster, silent): decide about brokers of a cluster (encoded) whose silence counts: hold them while so
-- many are silent that it is doubted, else let them go. Called for every engaged cluster too, with those that are due
-- now, if any.
-- run: what the sweep has at hand: prefix, at, by, limit, limits (as of `doubt`), hold_leases, hold_ms, change, defer,
-- evict, evicted, news, more.
-- silent: per broker member, lease_ms, held_at (since when it is held), …
local function hold_limit(run, lease_ms)
  return math.min(run.hold_leases * lease_ms, run.hold_ms)
end

local function tell(run, ...)
  for _, part in ipairs({ ... }) do
    run.news[#run.news + 1] = part
  end
end

-- hold(run, cluster, silent, count, engaged): keep these brokers, and look at each of them again after a lease.
local function hold(run, cluster, silent, count, engaged)
  local row = 'brake:' .. cluster
  local why = string.format('%d of %d brokers fell silent within %d ms', count.silent + count.expired, count.all,
    count.window)
  local subjects = engaged and {} or { row }
  for _, b in ipairs(silent) do
    if not b.held_at then
      subjects[#subjects + 1] = 'broker:' .. b.member
    end
  end
  local at_text = string.format('%d', run.at)
  local n = #subjects > 0 and string.format('%d', run.change('brake-held', subjects, why))
  if not engaged then
    redis.call('HSET', run.prefix .. row, 'since', at_text, 'why', why, 'by', run.by, 'silent', count.silent,
      'expired', count.expired, 'brokers', count.all, 'windowMs', string.format('%d', count.window), 'revision', n)
    redis.call('SADD', run.prefix .. 'rows', row)
    redis.call('SADD', run.prefix .. 'braked', cluster)
    tell(run, 'engaged', cluster, why)
  end
  for _, b in ipairs(silent) do
    if not b.held_at then
      b.held_at = run.at
      redis.call('HSET', run.prefix .. 'broker:' .. b.member, 'heldAt', at_text, 'revision', n)
    end
    run.defer(b, math.min(run.at + b.lease_ms, b.held_at + hold_limit(run, b.lease_ms)))
  end
end

-- release(run, cluster, why): the brake is off again; whoever is still held has a lease from now.
local function release(run, cluster, why)
  run.change('brake-released', { 'brake:' .. cluster }, why)
  redis.call('DEL', run.prefix .. 'brake:' .. cluster)
  redis.call('SREM', run.prefix .. 'rows', 'brake:' .. cluster)
  redis.call('SREM', run.prefix .. 'braked', cluster)
  redis.call('SET', run.prefix .. 'released:' .. cluster, string.format('%d', run.at), 'PX', run.hold_ms)
  tell(run, 'released', cluster, why)
end

-- let_go(run, cluster, silent): an operator said so: whoever is held goes now, some at a time.
local function let_go(run, cluster, silent)
  for _, b in ipairs(silent) do
    b.held_at = b.held_at or run.at -- what an operator lets go is no sign of more to come
    run.evict(b, cluster)
  end
  local members = run.prefix .. 'members:' .. cluster
  local at_text = string.format('%d', run.at)
  local room = math.max(0, run.limit - #run.evicted / 2)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', members, '-inf', at_text, 'LIMIT', 0, room)) do
    local record = redis.call('HMGET', run.prefix .. 'broker:' .. member, 'heldAt', 'lastBeat', 'leaseMs')
    if record[1] then
      run.evict({ member = member, held_at = tonumber(record[1]), last_beat = tonumber(record[2]) }, cluster)
    elseif not record[3] then
      redis.call('ZREM', members, member) -- a record that something else than our scripts took away
    end
  end
  if redis.call('ZCOUNT', members, '-inf', at_text) == 0 then
    release(run, cluster, 'an operator let go who was held')
  else
    run.more = #run.evicted > 0
  end
end

local function brake(run, cluster, silent)
  local engaged, let_go_at = unpack(redis.call('HMGET', run.prefix .. 'brake:' .. cluster, 'since', 'letGo'))
  if let_go_at then
    return let_go(run, cluster, silent)
  end
  local doubted, count = doubt(run.prefix, cluster, run.at, run.limits)
  if not doubted and engaged then
    release(run, cluster, string.format('%d of %d brokers are silent', count.silent + count.expired, count.all))
  end
  local released_at = tonumber(redis.call('GET', run.prefix .. 'released:' .. cluster) or 0)
  local kept = {}
  for _, b in ipairs(silent) do
    local longest = (b.held_at or run.at) + hold_limit(run, b.lease_ms)
    if doubted and longest > run.at then
      kept[#kept + 1] = b
    elseif not doubted and b.held_at and math.min(released_at + b.lease_ms, longest) > run.at then
      run.defer(b, math.min(released_at + b.lease_ms, longest)) -- beats return: it has a lease to follow them
    else
      run.evict(b, cluster)
    end
  end
  if #kept > 0 then
    hold(run, cluster, kept, count, engaged)
  end
end

--[[
  sweep: the one door through which time removes things: lapsed brokers, overrides that end, old offline records.

  A time without a sweep is a gap: the store was away, no node lived, or the clock jumped. Nobody is judged for it. Nor
  for the time of another history: a store that was set back, or a promoted replica that had not heard of every beat.
  And where a large share of a cluster falls silent together, the brake holds them for a while (include/brake.lua).

  KEYS
    sweep      hash    when the last sweep ran, and the grace after the last gaps
    leases     zset    deadlines of brokers, overrides and offline records
    revision   hash    n and tag of the last change
    changes    stream  the changes
    rows       set     names of all rows
    settings   hash    settings of the namespace
    braked     set     clusters, encoded, in which the brake is engaged
    nodes      zset    node -> when it was last seen
    schema     string  version of the layout
  ARGV
    prefix     str     what every key of the namespace starts with
    tag        str     start of the marks of these changes
    node       str     who sweeps
    limit      int     most members to look at in one run
    seen       int     the revision that the node's view has applied; 0: it has no view
    seen_tag   str     and its mark
    least      int     the brake's setting brakeMinBrokers, where the namespace has none
    percent    int     and brakePercent
    window_ms  int     the longest window over which the brake counts
    hold_leases int    a broker is held for so many of its leases,
    hold_ms    int     and no longer than this
  RETURNS
    list       early|closed|swept, now, 1 when more is due, why there is a gap or empty,
               news of the brake as a list: per change engaged|released, cluster (encoded), why;
               then per evicted broker: member, ms late (-1: it was held)
  ERRORS
]]
-- @include clock
-- @include changes
-- @include group
-- @include drop_broker
-- @include brake
local MIN_PERIOD_MS, SHORT_GAP_MS, LONG_GAP_MS = 40, 500, 2000
local NODE_LIVES_MS = 5000 -- after its last word; its row is kept for longer
local at = now_ms()
if redis.call('EXISTS', schema) == 0 then
  return { 'closed', at, 0, '', {} }
end
local state = fields(redis.call('HGETALL', sweep))
local last = tonumber(state.at)

local function text(number)
  number = tonumber(number) -- a field that is not set is an empty text
  return number and string.format('%d', number) or ''
end

-- another_history(): whether the node has seen changes that this store does not have.
local function another_history()
  local head = redis.call('HMGET', revision, 'n', 'tag')
  local n = tonumber(head[1] or 0)
  if n <= seen then
    return n < seen or head[2] ~= seen_tag
  end
  local entry = redis.call('XRANGE', changes, text(seen) .. '-0', text(seen) .. '-0')[1]
  return entry and fields(entry[2]).tag ~= seen_tag
end

local witness = text(seen) .. '/' .. seen_tag
local forked = seen > 0 and state.forkSeen ~= witness and another_history()
if not forked and last and at >= last and at - last < MIN_PERIOD_MS and state.more ~= '1' then
  return { 'early', at, 0, '', {} }
end

-- Gaps.
local gap = ''
if not last then
  gap = 'no sweep is on record'
  state.graceFrom, state.graceGap = at, LONG_GAP_MS
elseif last > at then
  gap = 'the clock stepped back by ' .. (last - at) .. ' ms'
  state.graceFrom, state.graceGap, state.rewind = at, LONG_GAP_MS, at
elseif at - last > LONG_GAP_MS then
  gap = 'no sweep for ' .. (at - last) .. ' ms'
  state.graceFrom, state.graceGap = at, at - last
elseif at - last > SHORT_GAP_MS then
  state.pauseFrom, state.pauseGap = at, at - last
end
if forked then
  gap = 'the store tells another history than revision ' .. text(seen)
  state.graceFrom, state.graceGap = at, LONG_GAP_MS
  redis.call('HSET', sweep, 'forkSeen', witness) -- once: the node still sweeps while it reads the other history
end
redis.call('HSET', sweep, 'at', text(at), 'by', node,
  'graceFrom', text(state.graceFrom), 'graceGap', text(state.graceGap),
  'pauseFrom', text(state.pauseFrom), 'pauseGap', text(state.pauseGap))
if gap ~= '' then
  redis.call('HSET', sweep, 'graceWhy', gap)
end
local grace_from, grace_gap = tonumber(state.graceFrom), tonumber(state.graceGap)
local pause_from, pause_gap = tonumber(state.pauseFrom), tonumber(state.pauseGap)

-- After a step back, deadlines further than one lease away are pulled in, some hundred a run.
local rewind = tonumber(state.rewind)
if rewind then
  local far = redis.call('ZRANGEBYSCORE', leases, '(' .. text(rewind), '+inf', 'WITHSCORES', 'LIMIT', 0, 300)
  for i = 1, #far, 2 do
    local member = string.match(far[i], '^broker:(.*)$')
    local record = member and redis.call('HMGET', prefix .. far[i], 'leaseMs', 'cluster')
    if record and record[2] and tonumber(far[i + 1]) > at + tonumber(record[1]) then
      redis.call('ZADD', leases, at + tonumber(record[1]), far[i])
      redis.call('ZADD', prefix .. 'members:' .. encode(record[2]), 'XX', at + tonumber(record[1]), member)
    end
  end
  redis.call('HSET', sweep, 'rewind', #far < 600 and '' or far[#far])
end

local changed = 0
local function change(kind, subjects, why)
  changed = changed + 1
  return record_change(revision, changes,
    { tag = tag .. '.' .. changed, kind = kind, subjects = subjects, at = at, by = node, why = why })
end

local JUDGED = { 'leaseMs', 'owner', 'lastBeat', 'deferredUntil', 'deferredAt', 'hadFullLease', 'cluster', 'heldAt' }

-- judge(deadline, record): when this broker's silence counts, its last beat, and whether that is a full lease after a
-- gap.
local function judge(deadline, record)
  local lease_ms = tonumber(record[1])
  local no_beat = record[4] == text(deadline) -- since a judgement was deferred
  local last_beat = no_beat and tonumber(record[3]) or deadline - lease_ms
  local deferred_at = no_beat and tonumber(record[5]) or 0
  local had_full = no_beat and record[6] == '1'
  local due = deadline
  if grace_from and last_beat < grace_from and deferred_at < grace_from then
    if had_full then
      due = deadline + grace_gap -- only the gap's length: silence over many gaps is no immortality
    else
      due, had_full = math.max(due, grace_from + lease_ms), true
    end
  end
  if pause_from and last_beat < pause_from and deferred_at < pause_from then
    due = math.max(due, deadline + pause_gap)
  end
  if record[2] and record[2] ~= '' then
    local seen = tonumber(redis.call('ZSCORE', nodes, record[2]) or 0)
    local left = redis.call('EXISTS', prefix .. 'nodes:' .. record[2]) == 0
    if left or at - seen >= NODE_LIVES_MS then
      due = math.max(due, seen + lease_ms) -- its node vanished: one lease to find another
    end
  end
  return due, last_beat, had_full
end

-- defer(b, until_ms): look at a broker again then.
local function defer(b, until_ms)
  redis.call('HSET', prefix .. 'broker:' .. b.member, 'deferredUntil', text(until_ms), 'deferredAt', text(at),
    'hadFullLease', b.had_full and '1' or '0', 'lastBeat', text(b.last_beat))
  redis.call('ZADD', leases, until_ms, 'broker:' .. b.member)
end

local silent, clusters = {}, {} -- by cluster: the brokers whose silence counts; and the clusters in their order
local function sweep_broker(member, deadline)
  local record = redis.call('HMGET', prefix .. 'broker:' .. member, unpack(JUDGED))
  if not record[1] then
    redis.call('ZREM', leases, 'broker:' .. member)
    return
  end
  local b = { member = member, lease_ms = tonumber(record[1]), held_at = tonumber(record[8]) }
  b.due, b.last_beat, b.had_full = judge(deadline, record)
  local cluster = encode(record[7])
  if b.due > at then
    defer(b, b.due)
    if not b.held_at then -- who is held stays silent
      redis.call('ZADD', prefix .. 'members:' .. cluster, b.due, member)
    end
    return
  end
  redis.call('EXISTS', prefix .. 'lease:' .. member) -- touching the lapsed key makes Redis fire `expired` now
  if not silent[cluster] then
    silent[cluster] = {}
    clusters[#clusters + 1] = cluster
  end
  table.insert(silent[cluster], b)
end

local evicted, news = {}, {}
local function evict(b, cluster)
  local name, id = string.match(b.member, '^(.*)/(%d+)$')
  local present = read_group(prefix .. 'group:' .. name)
  local why = 'no heartbeat for ' .. text(at - b.last_beat) .. ' ms'
  if b.held_at then
    why = why .. ', held by the brake for ' .. text(at - b.held_at) .. ' ms'
  end
  local n = change('expire', drop_rows(present, name, id), why)
  drop_broker(prefix, present, name, id, { record = redis.call('HMGET', prefix .. 'broker:' .. b.member,
    unpack(OFFLINE_FIELDS)), at = at, last_beat = b.last_beat, reason = 'expired', by = node, n = n })
  if not b.held_at then -- the brake has had its say about those that it held
    redis.call('ZADD', prefix .. 'expired:' .. cluster, b.due, b.member)
    redis.call('PEXPIRE', prefix .. 'expired:' .. cluster, window_ms)
  end
  evicted[#evicted + 1] = b.member
  evicted[#evicted + 1] = b.held_at and -1 or at - b.due
end

local run = { prefix = prefix, at = at, by = node, limit = limit, hold_leases = hold_leases, hold_ms = hold_ms,
  change = change, defer = defer, evict = evict, evicted = evicted, news = news }

local function sweep_override(name)
  local key = prefix .. 'group:' .. name
  local n = change('lift-override', { 'group:' .. name }, 'its time ran out')
  redis.call('ZREM', leases, 'override:' .. name)
  redis.call('HDEL', key, 'override')
  if read_group(key).members == 0 then
    redis.call('DEL', key)
    redis.call('SREM', rows, 'group:' .. name)
  else
    redis.call('HSET', key, 'revision', text(n))
  end
end

local function sweep_offline(member)
  change('forget', { 'offline:' .. member }, '')
  redis.call('ZREM', leases, 'offline:' .. member)
  redis.call('DEL', prefix .. 'offline:' .. member)
  redis.call('SREM', rows, 'offline:' .. member)
end

local due = redis.call('ZRANGEBYSCORE', leases, '-inf', text(at), 'WITHSCORES', 'LIMIT', 0, limit)
for i = 1, #due, 2 do
  local kind, subject = string.match(due[i], '^(%a+):(.*)$')
  if kind == 'broker' then
    sweep_broker(subject, tonumber(due[i + 1]))
  elseif kind == 'override' then
    sweep_override(subject)
  else
    sweep_offline(subject)
  end
end
local engaged = redis.call('SRANDMEMBER', braked, 32)
if #clusters > 0 or #engaged > 0 then
  local set = redis.call('HMGET', settings, 'brakeMinBrokers', 'brakePercent')
  run.limits = { least = tonumber(set[1] or least), percent = tonumber(set[2] or percent), window_ms = window_ms }
  for _, cluster in ipairs(engaged) do
    if not silent[cluster] then
      silent[cluster] = {}
      clusters[#clusters + 1] = cluster
    end
  end
  for _, cluster in ipairs(clusters) do
    brake(run, cluster, silent[cluster])
  end
end
local more = (run.more or #due >= 2 * limit) and '1' or ''
if more ~= (state.more or '') then
  redis.call('HSET', sweep, 'more', more) -- the next run may come at once
end
return { 'swept', at, more == '1' and 1 or 0, gap, news, unpack(evicted) }

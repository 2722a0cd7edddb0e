--[[
  register: store a broker with its group's topic table and start its lease; the same again is a heartbeat.

  Called with the digest alone; when that is not known to fit the table, it answers `table` and is called again with the
  table merged on the version it named. A node that can tell calls with the table at once: if it was merged on another
  version, or the digest fits, it is as if it had not been given.

  KEYS
    broker     hash    the record
    lease      hash    last beat; its TTL is the lease
    leases     zset    deadlines
    members    zset    brokers of the cluster by deadline
    group      hash    cluster, addresses, override
    topics     hash    the group's table
    offline    hash    what was remembered of this broker
    settings   hash    settings of the namespace
    revision   hash    n and tag of the last change
    changes    stream  the changes
    rows       set     names of all rows
    schema     string  version of the layout
  ARGV
    prefix        str   what every key of the namespace starts with
    tag           str   mark of this change
    node          str   the node that was asked
    by            str   who asked
    name          str   broker name, percent-encoded
    id            str   broker id
    cluster       str
    address       str
    epoch         int?  must be the present one, when given
    instance      str   a new one is a new incarnation; empty keeps what is known
    lease_ms      int
    ha_address    str
    zone          str
    acting        str   1 when a slave may act as master
    data_version  str   stateVersion/timestamp/counter or empty
    filter_servers str  addresses with blanks between; a blank: none; empty keeps what is known
    digest        str   of the body's topics; empty when it has none
    has_table     bool  the next six are given
    base          int   version of the table they were made from
    write         bool  false: the merged table equals the stored one
    blob          str   the table
    body          str   mark of the body when it has no data version, else empty
    deleted       str   topics that an operator deleted, with the data version that had them
    delta         str   the changed topics, when they are few
  RETURNS
    list       refreshed|changed|table, epoch, lease, revision, created, master's address, its HA address, table version
  ERRORS
    NO_SCHEMA       the namespace is not there (yet)
    STALE_EPOCH     with the present epoch
    STALE_STATE     a live holder at another address has a higher stateVersion
    ADDRESS_FROZEN  addresses took the id from each other too often
    NAME_OWNED      with the cluster that owns the name
]]
-- @include clock
-- @include changes
-- @include group
-- @include lease
-- @include drop_broker
if redis.call('EXISTS', schema) == 0 then
  return redis.error_reply('NO_SCHEMA the namespace is not open')
end
local at = now_ms()
local member = name .. '/' .. id
local old = fields(redis.call('HGETALL', broker))
local present = read_group(group)
local known = tonumber(old.epoch)

local function state_version(version)
  return tonumber(string.match(version or '', '^%d+') or 0)
end

-- Who may speak.
if present.members > 0 and present.cluster ~= cluster then
  if redis.call('HGET', group, 'refused') ~= cluster then -- told once for each cluster that tries, not for each try
    record_change(revision, changes, { tag = tag, kind = 'name-refused', subjects = {}, at = at, by = by,
      why = 'brokerName ' .. name .. ' of cluster ' .. present.cluster .. ' was claimed by ' .. address
        .. ' of cluster ' .. cluster })
    redis.call('HSET', group, 'refused', cluster)
  end
  return redis.error_reply('NAME_OWNED ' .. present.cluster)
end
if epoch and epoch ~= known then
  return redis.error_reply('STALE_EPOCH ' .. (old.epoch or '0'))
end
local moved = known and old.address ~= address
local swaps, swaps_from = tonumber(old.swaps or 0), tonumber(old.swapsFrom or 0)
if moved then
  local alive = tonumber(redis.call('ZSCORE', members, member) or 0) > at
  if alive and state_version(data_version) < state_version(old.dataVersion) then
    return redis.error_reply('STALE_STATE ' .. old.address)
  end
  if at - swaps_from > 2 * lease_ms then
    swaps, swaps_from = 0, at
  end
  if swaps >= 3 then
    if old.frozenFrom ~= old.swapsFrom then -- told once
      record_change(revision, changes, { tag = tag, kind = 'address-frozen', subjects = {}, at = at, by = by,
        why = old.address .. ' holds id ' .. id .. ' of brokerName ' .. name .. ' for now: ' .. address
          .. ' and it took it from each other ' .. swaps .. ' times' })
      redis.call('HSET', broker, 'frozenFrom', old.swapsFrom)
    end
    return redis.error_reply('ADDRESS_FROZEN ' .. old.address)
  end
  swaps = swaps + 1
end

-- What would change.
if instance == '' then
  instance = old.instance or ''
end
if filter_servers == '' then
  filter_servers = old.filterServers or ' '
end
local reborn = not known or moved or instance ~= old.instance
local new_epoch = known
if reborn then
  local past = known or tonumber(redis.call('HGET', offline, 'epoch') or 0)
  new_epoch = math.max(past + 1, at)
end
local same_record = not reborn and tonumber(old.leaseMs) == lease_ms
  and old.haAddress == ha_address and old.zone == zone and old.actingMaster == acting
  and old.dataVersion == data_version and (old.filterServers or ' ') == filter_servers
local recovers = old.suspectAt ~= nil or old.heldAt ~= nil -- then even the same again is a change

local stored = redis.call('HMGET', topics, 'version', 'digests')
local version, digests = tonumber(stored[1] or 0), stored[2] or ''
local mark = id .. '=' .. digest
local fits = digest == '' or not writes_table(present, id)
  or string.find(' ' .. digests .. ' ', ' ' .. mark .. ' ', 1, true)
if not fits and (not has_table or base ~= version) then
  return { 'table', 0, 0, 0, 0, '', '', version }
end
local writes = not fits and write

local function answer(status, revision_now, created)
  local master, master_ha = '', ''
  if id ~= '0' and present.addresses['0'] then
    master = present.addresses['0']
    master_ha = redis.call('HGET', prefix .. 'broker:' .. name .. '/0', 'haAddress') or ''
  end
  return { status, new_epoch, lease_ms, revision_now, created, master, master_ha, version }
end

-- A broker may send its table in slices, each with a digest of its own: 800 topics by default, or as few as it likes.
local MOST_DIGESTS = 64
local function remember_digest(kept)
  local list, count = mark, 1
  for other in string.gmatch(kept, '%S+') do
    if count < MOST_DIGESTS and other ~= mark then
      list, count = list .. ' ' .. other, count + 1
    end
  end
  redis.call('HSET', topics, 'digests', list)
end

if same_record and not writes and not recovers then
  if not fits and version > 0 then
    remember_digest(digests)
  end
  if old.owner ~= node then
    redis.call('HSET', broker, 'owner', node)
  end
  renew_lease(lease, leases, members, member, at, lease_ms, node)
  return answer('refreshed', math.max(tonumber(old.revision), version), 0)
end

-- An address holds one id of its group: a broker that changed its role leaves the old id.
local leaving = {}
for other, held in pairs(present.addresses) do
  if other ~= id and held == address then
    leaving[#leaving + 1] = other
  end
end
local ends_override = present.members == 0 and present.override
  and redis.call('HGET', settings, 'overrideOutlivesGroup') ~= 'true'
local subjects = {}
if not same_record or recovers then
  subjects[1] = 'broker:' .. member
end
if not known or moved or ends_override or #leaving > 0 then
  subjects[#subjects + 1] = 'group:' .. name
end
if writes then
  subjects[#subjects + 1] = 'table:' .. name
end
if not known and redis.call('EXISTS', offline) == 1 then
  subjects[#subjects + 1] = 'offline:' .. member
end
for _, other in ipairs(leaving) do
  subjects[#subjects + 1] = 'broker:' .. name .. '/' .. other
  subjects[#subjects + 1] = 'offline:' .. name .. '/' .. other
end

local kind, why = 'update', ''
if moved then
  kind, why = 'move', old.address .. ' -> ' .. address
elseif not known then
  kind = 'register'
elseif recovers and same_record and not writes then
  kind, why = 'recovered', 'it registered again'
end
local n = record_change(revision, changes,
  { tag = tag, kind = kind, subjects = subjects, at = at, by = by, why = why, delta = writes and delta or '' })
local n_text = string.format('%d', n)

renew_lease(lease, leases, members, member, at, lease_ms, node) -- first: a record without a deadline never expires
if not same_record then
  if not known then
    redis.call('DEL', offline)
    redis.call('SREM', rows, 'offline:' .. member)
    redis.call('ZREM', leases, 'offline:' .. member)
    redis.call('ZREM', prefix .. 'expired:' .. encode(cluster), member)
  end
  redis.call('HSET', broker, 'cluster', cluster, 'address', address, 'epoch', string.format('%d', new_epoch),
    'instance', instance, 'leaseMs', lease_ms, 'haAddress', ha_address, 'zone', zone, 'actingMaster', acting,
    'dataVersion', data_version, 'filterServers', filter_servers,
    'registeredAt', reborn and string.format('%d', at) or old.registeredAt,
    'swaps', swaps, 'swapsFrom', string.format('%d', swaps_from))
  redis.call('SADD', rows, 'broker:' .. member)
end
if same_record and not recovers then -- nodes that follow are not told of the record, and all must show the same
  redis.call('HSET', broker, 'owner', node)
else
  redis.call('HSET', broker, 'owner', node, 'revision', n_text)
end
if recovers then
  redis.call('HDEL', broker, 'suspectAt', 'heldAt')
end
if not known or moved or ends_override then
  redis.call('HSET', group, 'cluster', cluster, 'a:' .. id, address, 'revision', n_text)
  redis.call('SADD', rows, 'group:' .. name)
  if ends_override then
    redis.call('HDEL', group, 'override')
    redis.call('ZREM', leases, 'override:' .. name)
  end
  if not present.addresses[id] then
    present.members = present.members + 1
  end
  present.addresses[id] = address
end
for _, other in ipairs(leaving) do
  local record = redis.call('HMGET', prefix .. 'broker:' .. name .. '/' .. other, unpack(OFFLINE_FIELDS))
  drop_broker(prefix, present, name, other,
    { record = record, at = at, last_beat = at, reason = 'moved', by = by, n = n })
end
if writes then
  version = n
  redis.call('HSET', topics, 'version', n_text, 'blob', blob, 'body', body, 'deleted', deleted)
  redis.call('SADD', rows, 'table:' .. name)
  remember_digest('')
elseif not fits and version > 0 then
  remember_digest(digests)
end
return answer('changed', n, known and 0 or 1)

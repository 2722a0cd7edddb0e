-- @include encode
-- drop_rows(group, name, id): the rows that change when this broker leaves its group.
local function drop_rows(group, name, id)
  local member = name .. '/' .. id
  local rows = { 'broker:' .. member, 'offline:' .. member, 'group:' .. name }
  if group.members <= 1 then
    rows[4] = 'table:' .. name
  end
  return rows
end

-- drop_broker(prefix, group, name, id, gone): mark a broker offline. Its table goes with the group's last member; an
-- override stays behind. gone: record (HMGET of OFFLINE_FIELDS), at, last_beat, reason, by, n.
local OFFLINE_FIELDS = { 'cluster', 'address', 'epoch', 'haAddress', 'zone' }
local OFFLINE_KEPT_MS = 86400000
local function drop_broker(prefix, group, name, id, gone)
  local member = name .. '/' .. id
  local rows = prefix .. 'rows'
  redis.call('DEL', prefix .. 'broker:' .. member, prefix .. 'lease:' .. member)
  redis.call('ZREM', prefix .. 'leases', 'broker:' .. member)
  redis.call('ZREM', prefix .. 'members:' .. encode(gone.record[1]), member)
  redis.call('SREM', rows, 'broker:' .. member)
  redis.call('HDEL', prefix .. 'group:' .. name, 'a:' .. id)
  redis.call('HSET', prefix .. 'group:' .. name, 'revision', string.format('%d', gone.n))
  group.addresses[id] = nil
  group.members = group.members - 1
  if group.members <= 0 then
    redis.call('DEL', prefix .. 'table:' .. name)
    redis.call('SREM', rows, 'table:' .. name)
    if not group.override then
      redis.call('DEL', prefix .. 'group:' .. name)
      redis.call('SREM', rows, 'group:' .. name)
    end
  end
  local offline = prefix .. 'offline:' .. member
  for i, field in ipairs(OFFLINE_FIELDS) do
    redis.call('HSET', offline, field, gone.record[i] or '')
  end
  redis.call('HSET', offline, 'reason', gone.reason, 'by', gone.by, 'offlineAt', string.format('%d', gone.at),
    'lastBeat', string.format('%d', gone.last_beat), 'revision', string.format('%d', gone.n))
  redis.call('SADD', rows, 'offline:' .. member)
  redis.call('ZADD', prefix .. 'leases', gone.at + OFFLINE_KEPT_MS, 'offline:' .. member)
end

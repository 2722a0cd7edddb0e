-- @include fields
-- read_group(key): cluster, override and the addresses by id (as text) of a broker group.
local function read_group(key)
  local row = fields(redis.call('HGETALL', key))
  local group = { cluster = row.cluster, override = row.override, addresses = {}, members = 0 }
  for name, value in pairs(row) do
    local id = string.match(name, '^a:(%d+)$')
    if id then
      group.addresses[id] = value
      group.members = group.members + 1
    end
  end
  return group
end

-- writes_table(group, id): the lowest id writes the group's table: the master, whose id is 0, when it is there.
local function writes_table(group, id)
  for other in pairs(group.addresses) do
    if tonumber(other) < tonumber(id) then
      return false
    end
  end
  return true
end

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

-- writes_table(group, id): the master writes the group's table, or the lowest id while there is no master.
local function writes_table(group, id)
  if id == '0' then
    return true
  end
  for other in pairs(group.addresses) do
    if other ~= id and (other == '0' or tonumber(other) < tonumber(id)) then
      return false
    end
  end
  return true
end

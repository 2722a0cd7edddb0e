--[[
  announce: a name server node says that it lives and hears who else does.

  KEYS
    nodes      zset    node -> when it was last seen
    self       hash    this node, with a TTL
  ARGV
    prefix     str     what every key of the namespace starts with
    node       str     id of this node
    ttl_ms     int     how long it counts as alive; 0: it leaves
    info...    str     field, value
  RETURNS
    list       now, then per live node: its fields
  ERRORS
]]
-- @include clock
local at = now_ms()
redis.call('ZADD', nodes, at, node)
redis.call('ZREMRANGEBYSCORE', nodes, '-inf', at - 86400000)
if ttl_ms > 0 then
  redis.call('HSET', self, unpack(info))
  redis.call('PEXPIRE', self, ttl_ms)
else
  redis.call('DEL', self)
end
local answer = { at }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', nodes, at - 60000, '+inf', 'LIMIT', 0, 1000)) do
  local flat = redis.call('HGETALL', prefix .. 'nodes:' .. id)
  if #flat > 0 then
    answer[#answer + 1] = flat
  end
end
return answer

--[[
  announce: a name server node says that it lives and hears who else does.

  KEYS
    nodes      zset    node -> when it was last seen
    self       hash    this node, kept for a while beyond its last word
  ARGV
    prefix     str     what every key of the namespace starts with
    node       str     id of this node
    kept_ms    int     how long it is told of when it falls silent; 0: it leaves
    info...    str     field, value
  RETURNS
    list       now, then per node, the last heard of first: its fields, and as `seenAt` when it last said that it lives
  ERRORS
]]
-- @include clock
local at = now_ms()
redis.call('ZADD', nodes, at, node)
redis.call('ZREMRANGEBYSCORE', nodes, '-inf', at - 86400000)
if kept_ms > 0 then
  redis.call('HSET', self, unpack(info))
  redis.call('PEXPIRE', self, kept_ms)
else
  redis.call('DEL', self)
end
local answer = { at }
local since = at - math.max(kept_ms, 60000)
local seen = redis.call('ZREVRANGEBYSCORE', nodes, '+inf', since, 'WITHSCORES', 'LIMIT', 0, 1000)
for i = 1, #seen, 2 do
  local flat = redis.call('HGETALL', prefix .. 'nodes:' .. seen[i])
  if #flat > 0 then
    flat[#flat + 1] = 'seenAt'
    flat[#flat + 1] = seen[i + 1]
    answer[#answer + 1] = flat
  end
end
return answer

-- record_change(revision, changes, c): add one entry to the stream and return its revision. It is the first write of
-- every script, since Lua does not roll back and XADD is the one that can be refused.
-- c: tag, kind, subjects (a list of row names), at, and optionally by, why, request, delta, floor (n rises above it).
local function record_change(revision, changes, c)
  local head = redis.call('HMGET', revision, 'n', 'tag')
  local newest = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)[1]
  local n = math.max(tonumber(head[1] or 0), c.floor or 0)
  if newest then
    n = math.max(n, tonumber(string.match(newest[1], '^%d+')))
  end
  n = n + 1
  redis.call('XADD', changes, 'MAXLEN', '~', 10000, string.format('%d-0', n),
    'prev', head[2] or '', 'tag', c.tag, 'kind', c.kind, 'rows', table.concat(c.subjects, ' '),
    'at', string.format('%d', c.at), 'by', c.by or '', 'why', c.why or '', 'request', c.request or '',
    'delta', c.delta or '')
  redis.call('HSET', revision, 'n', string.format('%d', n), 'tag', c.tag)
  return n
end

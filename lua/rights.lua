--[[
  rights: which of the commands that nsredis needs on its keys are refused. Each is tried on a key of no use.

  The key holds a text, so what is allowed ends in WRONGTYPE or does nothing that matters; the key is gone afterwards.

  KEYS
    probe      string  a key that nobody else uses; it lives a second at most
  ARGV
  RETURNS
    list       per command that is refused: its name, the words of the refusal
  ERRORS
]]
local TRIED = {
  { 'SET', probe, '', 'PX', '1000' }, { 'TIME' },
  { 'EXISTS', probe }, { 'GET', probe },
  { 'HDEL', probe, 'f' }, { 'HGET', probe, 'f' }, { 'HGETALL', probe }, { 'HMGET', probe, 'f' },
  { 'HSET', probe, 'f', '' },
  { 'SADD', probe, 'm' }, { 'SRANDMEMBER', probe, '1' }, { 'SREM', probe, 'm' }, { 'SSCAN', probe, '0' },
  { 'XADD', probe, '*', 'f', '' }, { 'XRANGE', probe, '-', '+' }, { 'XREAD', 'STREAMS', probe, '0' },
  { 'XREVRANGE', probe, '-', '+' },
  { 'ZADD', probe, '0', 'm' }, { 'ZCARD', probe }, { 'ZCOUNT', probe, '0', '0' },
  { 'ZRANGEBYSCORE', probe, '0', '0' }, { 'ZREM', probe, 'm' }, { 'ZREMRANGEBYSCORE', probe, '0', '0' },
  { 'ZREVRANGE', probe, '0', '0' }, { 'ZREVRANGEBYSCORE', probe, '0', '0' }, { 'ZSCORE', probe, 'm' },
  { 'PEXPIRE', probe, '1000' }, { 'DEL', probe },
}
local refused = {}
for _, command in ipairs(TRIED) do
  local reply = redis.pcall(unpack(command))
  local code, words = string.match(tostring(type(reply) == 'table' and reply.err or ''), '^(%u+) (.*)$')
  if code == 'ERR' or code == 'NOPERM' then -- not WRONGTYPE, nor that no writes are taken at all
    refused[#refused + 1] = command[1]
    refused[#refused + 1] = words
  end
end
return refused

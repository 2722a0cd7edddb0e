-- now_ms(): milliseconds on the Redis server's clock. Call it once: it moves inside a script on Redis 7, not on
-- Valkey 9.
local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

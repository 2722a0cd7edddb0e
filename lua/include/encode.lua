-- encode(name): a cluster's name as it stands inside a key, percent-encoded; nsredis.core.names.encode gives the same.
local function encode(name)
  return (string.gsub(name, '[^%w_.~-]', function(char)
    return string.format('%%%02X', string.byte(char))
  end))
end

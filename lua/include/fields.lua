-- fields(flat): a reply such as HGETALL's, as a table by name.
local function fields(flat)
  local by_name = {}
  for i = 1, #flat, 2 do
    by_name[flat[i]] = flat[i + 1]
  end
  return by_name
end

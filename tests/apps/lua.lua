-- Tables, strings, closures, coroutines and the collector; prints what it found.
local seed = 1
local function pseudo(below)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed % below
end
local t = {}
for i = 1, 200000 do
  local k = "key" .. pseudo(20000)
  t[k] = (t[k] or "") .. string.rep("x", pseudo(10))
end
local n, total = 0, 0
for _, v in pairs(t) do n, total = n + 1, total + #v end
print(n, total)
local list = {}
for i = 1, 100000 do list[i] = pseudo(1000000) end
table.sort(list)
print(list[1], list[50000], list[100000])
local text = table.concat(list, " ")
print(select(2, text:gsub("%d7 ", "")))
local made = {}
for i = 1, 2000 do
  made[i] = coroutine.wrap(function() for j = 1, 3 do coroutine.yield(i * j) end end)
end
local sum = 0
for j = 1, 3 do for i = 1, 2000 do sum = sum + made[i]() end end
made = nil
collectgarbage()
print(sum, collectgarbage("count") > 0)

-- Operations on streams, and the fenced commit. Second part of the function library `aqe` (after memory/memory.lua,
-- whose OPS and split_key it uses).

local function dedupe_key(prefix, id) return prefix .. "aqe:dedupe:" .. id end

local function add_once(key, id, window_ms, fields)
  local prefix = split_key(key)
  local dedupe = dedupe_key(prefix, id)
  local known = redis.call("GET", dedupe)
  if known then return known end
  local entry = redis.call("XADD", key, "*", unpack(fields))
  redis.call("SET", dedupe, entry, "PX", window_ms)
  return entry
end

local function rest(args, from)
  local out = {}
  for i = from, #args do out[#out + 1] = args[i] end
  return out
end

-- args: event id, dedupe window ms, hard cap (0 = none), type, fields... Returns the entry id, also of an earlier publish.
OPS.publish = {
  check = function(key, args)
    local wrong = type_error(key, "stream")
    if wrong then return wrong end
    local cap = tonumber(args[3])
    if cap > 0 and redis.call("XLEN", key) >= cap then
      return "STREAMFULL " .. key .. " holds " .. cap .. " entries, its hard cap"
    end
  end,
  apply = function(key, args)
    local prefix = split_key(key)
    redis.call("SADD", prefix .. "aqe:events", args[4])
    return add_once(key, args[1], args[2], rest(args, 5))
  end,
}

-- args: id, dedupe window ms, fields... For streams that are no events: task lanes, dead letters.
OPS.enqueue = {
  check = function(key) return type_error(key, "stream") end,
  apply = function(key, args) return add_once(key, args[1], args[2], rest(args, 3)) end,
}

redis.register_function("aqe_publish", function(keys, args) return run_op(OPS.publish, keys[1], args) end)

local function owns(stream, group, consumer, id)
  local pending = redis.pcall("XPENDING", stream, group, id, id, 1, consumer)
  return not pending.err and #pending == 1
end

-- FCALL aqe_commit 1 <stream> <group or ""> <consumer> <entry id> <delete: 0|1> then per write: op, key, number of args, args.
-- With a group: refused unless the consumer still owns the entry; acknowledges it (and deletes it when asked) with the
-- writes. Without: a plain transaction (the key only names the Cluster slot). Returns the writes' results.
redis.register_function("aqe_commit", function(keys, args)
  local stream, group, consumer, id = keys[1], args[1], args[2], args[3]
  if group ~= "" and not owns(stream, group, consumer, id) then
    return redis.error_reply("FENCED " .. consumer .. " no longer owns " .. id .. " of " .. stream)
  end
  local writes, i = {}, 5
  while i <= #args do
    local count = tonumber(args[i + 2])
    local op = OPS[args[i]]
    if not op then return redis.error_reply("ERR unknown operation " .. args[i]) end
    local write = { op = op, key = args[i + 1], args = {} }
    for j = 1, count do write.args[j] = args[i + 2 + j] end
    local wrong = op.check(write.key, write.args)
    if wrong then return redis.error_reply(wrong) end
    writes[#writes + 1] = write
    i = i + 3 + count
  end
  local results = {}
  for n, write in ipairs(writes) do results[n] = write.op.apply(write.key, write.args) end
  if group ~= "" then
    redis.call("XACK", stream, group, id)
    if args[4] == "1" then redis.call("XDEL", stream, id) end
  end
  return results
end)

-- FCALL aqe_renew 1 <stream> <group> <consumer> <ids...>: resets the idle time of entries still owned; returns the lost ones.
redis.register_function("aqe_renew", function(keys, args)
  local lost, held = {}, {}
  for i = 3, #args do
    if owns(keys[1], args[1], args[2], args[i]) then held[#held + 1] = args[i] else lost[#lost + 1] = args[i] end
  end
  if #held > 0 then
    local claim = { "XCLAIM", keys[1], args[1], args[2], 0 }
    for _, id in ipairs(held) do claim[#claim + 1] = id end
    claim[#claim + 1] = "JUSTID"
    redis.call(unpack(claim))
  end
  return lost
end)

-- FCALL aqe_retry 1 <stream> <group> <consumer> <id>: counts one more delivery of an entry still owned.
-- Returns the new count, or 0 when it is somebody else's now.
redis.register_function("aqe_retry", function(keys, args)
  local stream, group, consumer, id = keys[1], args[1], args[2], args[3]
  if not owns(stream, group, consumer, id) then return 0 end
  redis.call("XCLAIM", stream, group, consumer, 0, id)
  local pending = redis.call("XPENDING", stream, group, id, id, 1, consumer)
  return #pending == 1 and pending[1][4] or 0
end)

-- FCALL aqe_hand_back 1 <stream> <group> <consumer> <idle ms>: a consumer that leaves gives what it holds to whoever comes
-- (idle past the lease, so at once) and its name goes. Returns how many entries were handed back.
redis.register_function("aqe_hand_back", function(keys, args)
  local stream, group, consumer = keys[1], args[1], args[2]
  local total = 0
  while true do
    local pending = redis.pcall("XPENDING", stream, group, "-", "+", 500, consumer)
    if pending.err then return total end
    if #pending == 0 then break end
    for _, entry in ipairs(pending) do
      -- RETRYCOUNT: handing back is no attempt.
      redis.call("XCLAIM", stream, group, "handed-back", 0, entry[1], "IDLE", args[3], "RETRYCOUNT", math.max(entry[4] - 1, 0), "JUSTID")
      total = total + 1
    end
  end
  redis.call("XGROUP", "DELCONSUMER", stream, group, consumer)
  return total
end)

-- FCALL aqe_sweep_consumers 1 <stream> <group> <idle ms>: names of consumers that died with nothing pending go.
redis.register_function("aqe_sweep_consumers", function(keys, args)
  local consumers = redis.pcall("XINFO", "CONSUMERS", keys[1], args[1])
  if consumers.err then return 0 end
  local swept = 0
  for _, entry in ipairs(consumers) do
    local info = {}
    for i = 1, #entry, 2 do info[entry[i]] = entry[i + 1] end
    if info.pending == 0 and info.idle > tonumber(args[2]) then
      redis.call("XGROUP", "DELCONSUMER", keys[1], args[1], info.name)
      swept = swept + 1
    end
  end
  return swept
end)

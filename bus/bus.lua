-- Operations on streams, and the fenced commit. Second part of the function library `aqe` (after memory/memory.lua,
-- whose OPS and split_key it uses).

-- Remembered ids ------------------------------------------------------------------------------------------------------

-- An id is remembered in a hash, id -> entry id, which lives for two windows and takes ids in the first of them; then its
-- twin does. So each id is remembered for a window at least, for two at most, and no clock is asked that another server of
-- a fail-over might disagree with. (A key an id, with a time to live of its own, costs the server 2 us more.) What asks for a
-- longer window than the ordinary one has a pair of hashes of that length besides.
local ORDINARY_MS = "600000"

local function windows(window_ms)
  if tonumber(window_ms) <= tonumber(ORDINARY_MS) then return { ORDINARY_MS } end
  return { ORDINARY_MS, string.format("%.0f", window_ms) }
end

local function twins(prefix, window)
  local name = prefix .. "aqe:dedupe:" .. window
  return { name .. ":a", name .. ":b" }
end

-- The entry ids of those of the ids that are known, a table id -> entry id.
local function recall(prefix, ids, window_ms)
  local known = {}
  for _, window in ipairs(windows(window_ms)) do
    for _, hash in ipairs(twins(prefix, window)) do
      for n, entry in ipairs(redis.call("HMGET", hash, unpack(ids))) do
        if entry then known[ids[n]] = entry end
      end
    end
  end
  return known
end

-- flat: id, entry id, id, entry id ...; what is known already is remembered anew. It is also a write, so that a WAIT after it
-- waits for the replicas (Redis 7.2 and later).
local function remember(prefix, flat, window_ms)
  for _, window in ipairs(windows(window_ms)) do
    local pair, taking = twins(prefix, window), nil
    for _, hash in ipairs(pair) do
      local left = redis.call("PTTL", hash)
      if left > 2 * window then redis.call("PEXPIRE", hash, 2 * window) end -- the clock was put back: it would grow on
      if not taking and left > tonumber(window) then taking = hash end
    end
    if taking then
      redis.call("HSET", taking, unpack(flat))
    else
      local fresh = redis.call("EXISTS", pair[1]) == 0 and pair[1] or pair[2]
      redis.call("HSET", fresh, unpack(flat))
      redis.call("PEXPIRE", fresh, 2 * window)
    end
  end
end

-- Adds the fields, args from `from` on, unless the id is known; returns the entry id.
local function add_once(key, id, window_ms, args, from)
  local prefix = split_key(key)
  local entry = recall(prefix, { id }, window_ms)[id] or redis.call("XADD", key, "*", unpack(args, from))
  remember(prefix, { id, entry }, window_ms)
  return entry
end

-- Retention ----------------------------------------------------------------------------------------------------------

local function durable_key(stream)
  local prefix, name = split_key(stream)
  return prefix .. "aqe:durable:" .. name
end

-- Hash group -> when its last consumer left, ms; while it has consumers, they tell.
local function seen_key(stream)
  local prefix, name = split_key(stream)
  return prefix .. "aqe:seen:" .. name
end

local function now_ms()
  local t = redis.call("TIME")
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

local function id_parts(id)
  local ms, seq = string.match(id, "^(%d+)-(%d+)$")
  return tonumber(ms), tonumber(seq)
end

local function earlier(a, b)
  local a_ms, a_seq = id_parts(a)
  local b_ms, b_seq = id_parts(b)
  if a_ms ~= b_ms then return a_ms < b_ms end
  return a_seq < b_seq
end

local function following(id)
  local ms, seq = id_parts(id)
  return string.format("%.0f-%.0f", ms, seq + 1)
end

local function as_map(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

-- The first id that some durable group still needs: its oldest pending entry, else what follows its last delivered one.
-- A durable group that has gone will be made again and needs everything. nil = no durable group: nothing is needed.
local function needed_from(stream)
  local durable = redis.call("SMEMBERS", durable_key(stream))
  if #durable == 0 then return nil end
  local groups = redis.pcall("XINFO", "GROUPS", stream)
  if groups.err then return "0-0" end
  local delivered = {}
  for _, flat in ipairs(groups) do
    local group = as_map(flat)
    delivered[group.name] = group["last-delivered-id"]
  end
  local low
  for _, name in ipairs(durable) do
    if not delivered[name] then return "0-0" end
    local pending = redis.call("XPENDING", stream, name)
    local from = pending[1] > 0 and pending[2] or following(delivered[name])
    if not low or earlier(from, low) then low = from end
  end
  return low
end

-- Drops entries that are older than `before` and that no durable group needs; returns how many.
-- limit "" = all of them, exactly; a number = about so many at most, in whole nodes, which is cheaper.
local function trim(stream, before, limit)
  local from = needed_from(stream)
  if from and earlier(from, before) then before = from end
  if limit == "" then return redis.call("XTRIM", stream, "MINID", "=", before) end
  return redis.call("XTRIM", stream, "MINID", "~", before, "LIMIT", limit)
end

-- Makes room in a stream at its cap: a tenth goes, the oldest first.
local function make_room(stream, cap)
  local newest = redis.call("XREVRANGE", stream, "+", "-", "COUNT", 1)[1][1]
  trim(stream, newest, cap <= 1000 and "" or math.ceil(cap / 10))
end

-- FCALL aqe_trim 1 <stream> <before id> <limit or "">
always("aqe_trim", function(keys, args) return trim(keys[1], args[1], args[2]) end)

-- Hash stream -> publishes that were refused because it was full.
local function count_refusal(stream)
  local prefix, name = split_key(stream)
  redis.call("HINCRBY", prefix .. "aqe:refused", name, 1)
end

-- args: event id, dedupe window ms, hard cap (0 = none), type, fields... Returns the entry id, also of an earlier publish.
-- At the hard cap what nobody needs goes at once, whatever its age; what somebody needs stays and the publish is refused.
OPS.publish = {
  kind = "stream",
  check = function(key, args)
    local wrong = type_error(key, "stream")
    if wrong then return wrong end
    local cap = tonumber(args[3])
    if cap == 0 or redis.call("XLEN", key) < cap then return end
    if recall(split_key(key), { args[1] }, args[2])[args[1]] then return end
    make_room(key, cap)
    if redis.call("XLEN", key) >= cap then
      count_refusal(key)
      return "STREAMFULL " .. key .. " holds " .. cap .. " entries, its hard cap, not yet handled by a durable group"
    end
  end,
  apply = function(key, args)
    local prefix = split_key(key)
    redis.call("SADD", prefix .. "aqe:events", args[4])
    return add_once(key, args[1], args[2], args, 5)
  end,
}

-- args: id, dedupe window ms, fields... For streams that are no events: task lanes.
OPS.enqueue = {
  kind = "stream",
  check = function(key) return type_error(key, "stream") end,
  apply = function(key, args) return add_once(key, args[1], args[2], args, 3) end,
}

-- args: id, dedupe window ms, cap, cap in bytes, fields... A dead letter: beyond either cap the oldest go, and are counted.
OPS.bury = {
  kind = "stream",
  check = OPS.enqueue.check,
  apply = function(key, args)
    local entry = add_once(key, args[1], args[2], args, 5)
    local dropped = redis.call("XTRIM", key, "MAXLEN", "=", args[3])
    local length = redis.call("XLEN", key)
    while length > 1 and redis.call("MEMORY", "USAGE", key) > tonumber(args[4]) do -- a tenth at a time, the newest stays
      dropped = dropped + redis.call("XTRIM", key, "MAXLEN", "=", math.floor(length * 0.9))
      length = redis.call("XLEN", key)
    end
    if dropped > 0 then
      local prefix, name = split_key(key)
      redis.call("HINCRBY", prefix .. "aqe:dropped", name, dropped)
    end
    return entry
  end,
}

-- FCALL aqe_publish 1 <stream> <event id> <dedupe window ms> <cap> <type> <field> <value> ...: also the way in for every
-- other language, so what it is given is checked before anything is written.
redis.register_function("aqe_publish", function(keys, args)
  local window, cap, fields = tonumber(args[2] or ""), tonumber(args[3] or ""), #args - 4
  if #keys ~= 1 or not window or window < 1 or window > 1000 * MAX_TTL_S or not cap or cap < 0 or fields < 2 or fields % 2 == 1 then
    return redis.error_reply("ERR usage: FCALL aqe_publish 1 <stream> <event id> <window ms> <cap> <type> <field> <value> ...")
  end
  for i = 5, #args, 2 do
    if args[i] == "data" and not is_json(args[i + 1]) then
      return redis.error_reply("NOTJSON the data of this event is not one JSON document in UTF-8")
    end
  end
  return run_op(OPS.publish, keys[1], args)
end)

-- FCALL aqe_publish_one 1 <as aqe_publish>: the same for a caller whose data is JSON for certain.
redis.register_function("aqe_publish_one", function(keys, args)
  local stream, cap = keys[1], tonumber(args[3])
  local elsewhere = moving(stream)
  if elsewhere then return redis.error_reply(elsewhere) end
  local length = redis.call("XLEN", stream)
  if length == 0 or cap > 0 and length >= cap then return run_op(OPS.publish, stream, args) end
  return add_once(stream, args[1], args[2], args, 5)
end)

local function without_gaps(fields)
  local out = {}
  for i = 1, #fields, 2 do
    if fields[i + 1] ~= "" then out[#out + 1], out[#out + 2] = fields[i], fields[i + 1] end
  end
  return out
end

-- FCALL aqe_publish_many 1 <stream> <window ms> <cap> <type> <n> <n names and values, "" = differs from event to event; "id"
-- is the first that does> then of each event the values that differ, "" = it does not have the field. What aqe_publish
-- does, for many at a fraction of the cost; all of them or, at the cap, none. Returns the entry ids.
redis.register_function("aqe_publish_many", function(keys, args)
  local stream, window, cap, last = keys[1], args[1], tonumber(args[2]), 4 + tonumber(args[4])
  local prefix = split_key(stream)
  local elsewhere = moving(stream)
  if elsewhere then return redis.error_reply(elsewhere) end
  local fields, differs, ids = { unpack(args, 5, last) }, {}, {}
  for i = 2, #fields, 2 do
    if fields[i] == "" then differs[#differs + 1] = i end
  end
  for row = last + 1, #args, #differs do ids[#ids + 1] = args[row] end
  local length = redis.call("XLEN", stream)
  if cap > 0 and length + #ids > cap then
    if length >= cap then make_room(stream, cap) end
    if redis.call("XLEN", stream) + #ids > cap then return redis.error_reply("STREAMFULL " .. stream .. " is at its cap") end
  end
  if length == 0 then redis.call("SADD", prefix .. "aqe:events", args[3]) end
  local known, entries, noted = recall(prefix, ids, window), {}, {}
  for n, id in ipairs(ids) do
    local entry = known[id]
    if not entry then
      local before, gaps = last + (n - 1) * #differs, false
      for k, i in ipairs(differs) do
        fields[i] = args[before + k]
        gaps = gaps or fields[i] == ""
      end
      entry = redis.call("XADD", stream, "*", unpack(gaps and without_gaps(fields) or fields))
      known[id] = entry
    end
    entries[n], noted[2 * n - 1], noted[2 * n] = entry, id, entry
  end
  remember(prefix, noted, window)
  return entries
end)

local function owns(stream, group, consumer, id)
  local pending = redis.pcall("XPENDING", stream, group, id, id, 1, consumer)
  return not pending.err and #pending == 1
end

-- FCALL aqe_commit 1 <stream> <group or ""> <consumer> <entry id> <delete: 0|1> then per write: op, key, number of args, args.
-- With a group: refused unless the consumer still owns the entry; acknowledges it (and deletes it when asked) with the
-- writes. Without: a plain transaction (the key only names the Cluster slot). Returns the writes' results.
redis.register_function("aqe_commit", function(keys, args)
  local stream, group, consumer, id = keys[1], args[1], args[2], args[3]
  local elsewhere = moving(stream)
  if elsewhere then return redis.error_reply(elsewhere) end
  if group ~= "" and not owns(stream, group, consumer, id) then
    return redis.error_reply("FENCED " .. consumer .. " no longer owns " .. id .. " of " .. stream)
  end
  local writes, kinds, i = {}, {}, 5
  while i <= #args do
    local count = tonumber(args[i + 2])
    local op = OPS[args[i]]
    if not op then return redis.error_reply("ERR unknown operation " .. args[i]) end
    local write = { op = op, key = args[i + 1], args = {} }
    for j = 1, count do write.args[j] = args[i + 2 + j] end
    local wrong = op.check(write.key, write.args)
    -- Each write fits what is there, but a value and a history do not fit into one key.
    if not wrong and kinds[write.key] and op.kind and kinds[write.key] ~= op.kind then
      wrong = "WRONGKIND " .. write.key .. " cannot be a " .. kinds[write.key] .. " and a " .. op.kind
    end
    if wrong then return redis.error_reply(wrong) end
    kinds[write.key] = op.kind
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
always("aqe_renew", function(keys, args)
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
always("aqe_retry", function(keys, args)
  local stream, group, consumer, id = keys[1], args[1], args[2], args[3]
  if not owns(stream, group, consumer, id) then return 0 end
  redis.call("XCLAIM", stream, group, consumer, 0, id)
  local pending = redis.call("XPENDING", stream, group, id, id, 1, consumer)
  return #pending == 1 and pending[1][4] or 0
end)

-- FCALL aqe_take_over 1 <stream> <group> <consumer> <idle ms> <cursor> <count>: entries whose owner was not heard of for so
-- long, now this consumer's. No delivery is counted: one that dies holding a hundred has tried one of them, and the others
-- must not come nearer to the dead letters by it. Returns the next cursor and id, fields, deliveries of each.
always("aqe_take_over", function(keys, args)
  local stream, group = keys[1], args[1]
  local claimed = redis.call("XAUTOCLAIM", stream, group, args[2], args[3], args[4], "COUNT", args[5], "JUSTID")
  local taken = {}
  for n, id in ipairs(claimed[2]) do
    local entry = redis.call("XRANGE", stream, id, id)
    local pending = redis.call("XPENDING", stream, group, id, id, 1)
    taken[n] = { id, entry[1] and entry[1][2] or {}, pending[1] and pending[1][4] or 0 }
  end
  return { claimed[1], taken }
end)

-- FCALL aqe_hand_back 1 <stream> <group> <consumer> <idle ms>: a consumer that leaves gives what it holds to whoever comes
-- (idle past the lease, so at once) and its name goes. Returns how many entries were handed back.
always("aqe_hand_back", function(keys, args)
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
  redis.call("HSET", seen_key(stream), group, string.format("%.0f", now_ms()))
  return total
end)

-- FCALL aqe_sweep_consumers 1 <stream> <group> <idle ms>: names of consumers that died with nothing pending go.
always("aqe_sweep_consumers", function(keys, args)
  local consumers = redis.pcall("XINFO", "CONSUMERS", keys[1], args[1])
  if consumers.err then return 0 end
  local swept = 0
  for _, entry in ipairs(consumers) do
    local info = as_map(entry)
    if info.pending == 0 and info.idle > tonumber(args[2]) then
      redis.call("XGROUP", "DELCONSUMER", keys[1], args[1], info.name)
      swept = swept + 1
    end
  end
  return swept
end)

-- FCALL aqe_dead_replay 1 <dead-letter stream> <letter id> <stream> <group> <original id> <idle ms> <own fields>: gives the
-- entry back to the one group that failed on it, with its attempts at zero. Where the entry itself has gone, its fields
-- are added again, which every group sees. The letter goes. Returns "redelivered", "added" or nothing (no such letter).
redis.register_function("aqe_dead_replay", function(keys, args)
  local dead, letter, stream, group, original = keys[1], args[1], args[2], args[3], args[4]
  local elsewhere = moving(dead)
  if elsewhere then return redis.error_reply(elsewhere) end
  local found = redis.call("XRANGE", dead, letter, letter)
  if #found == 0 then return false end
  local answer = "redelivered"
  local there = redis.call("XRANGE", stream, original, original)
  local claimed = {}
  if #there > 0 then
    claimed = redis.pcall("XCLAIM", stream, group, "handed-back", 0, original, "IDLE", args[5], "RETRYCOUNT", 0, "FORCE", "JUSTID")
  end
  if claimed.err or #claimed == 0 then
    local fields = {}
    for i = 2 * tonumber(args[6]) + 1, #found[1][2] do fields[#fields + 1] = found[1][2][i] end
    redis.call("XADD", stream, "*", unpack(fields))
    answer = "added"
  end
  redis.call("XDEL", dead, letter)
  return answer
end)

-- FCALL aqe_expire_group 1 <stream> <group> <idle ms>: a group that is not declared durable and had no consumer for that
-- long goes. Returns its pending count and lag (-1 = unknown), or nothing when it stays.
always("aqe_expire_group", function(keys, args)
  local stream, name = keys[1], args[1]
  if redis.call("SISMEMBER", durable_key(stream), name) == 1 then return false end
  local now = now_ms()
  local seen = tonumber(redis.call("HGET", seen_key(stream), name) or 0)
  local consumers = redis.pcall("XINFO", "CONSUMERS", stream, name)
  if consumers.err then return false end
  for _, entry in ipairs(consumers) do seen = math.max(seen, now - as_map(entry).idle) end
  if seen == 0 then redis.call("HSET", seen_key(stream), name, string.format("%.0f", now)) end
  if seen == 0 or now - seen < tonumber(args[2]) then return false end
  local missed = { 0, -1 }
  for _, flat in ipairs(redis.call("XINFO", "GROUPS", stream)) do
    local group = as_map(flat)
    if group.name == name then missed = { group.pending, group.lag or -1 } end
  end
  redis.call("XGROUP", "DESTROY", stream, name)
  redis.call("HDEL", seen_key(stream), name)
  return missed
end)

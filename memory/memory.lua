-- Operations on values, histories and the name index. One part of the function library `aqe` (fleet/servers/library.py joins the
-- parts). An operation has `check`, which changes nothing and returns an error or nil, and `apply`, which cannot fail once
-- every check has passed: that is how a commit is all or nothing although Redis rolls nothing back.

local MAX_VALUE_BYTES = 1000000
local MAX_NAME_BYTES = 512
local MAX_TTL_S = 10000000000 -- 300 years; what does not fit would fail after the checks
local OPS = {}

-- The fleet's prefix is "{name}" or nothing; value, metadata and index of one fleet share one Cluster slot.
local function split_key(key)
  if string.sub(key, 1, 1) == "{" then
    local close = string.find(key, "}", 2, true)
    if close then return string.sub(key, 1, close), string.sub(key, close + 1) end
  end
  return "", key
end

local function meta_key(prefix, name) return prefix .. "aqe:meta:" .. name end
local function index_key(prefix) return prefix .. "aqe:keys" end
-- The folders of all names ("aqe/fleet/tasks/"), sorted, and how many names lie directly in each: lets a glob with a
-- wildcard in the middle look at folders instead of names.
local function folders_key(prefix) return prefix .. "aqe:folders" end
local function counts_key(prefix) return prefix .. "aqe:folder-counts" end
local function folder_of(name) return string.match(name, "^.*/") or "" end

local function index(prefix, name)
  local added = redis.call("ZADD", index_key(prefix), 0, name)
  if added == 1 and redis.call("HINCRBY", counts_key(prefix), folder_of(name), 1) == 1 then
    redis.call("ZADD", folders_key(prefix), 0, folder_of(name))
  end
  return added
end

local function unindex(prefix, name)
  local removed = redis.call("ZREM", index_key(prefix), name)
  if removed == 1 and redis.call("HINCRBY", counts_key(prefix), folder_of(name), -1) <= 0 then
    redis.call("HDEL", counts_key(prefix), folder_of(name))
    redis.call("ZREM", folders_key(prefix), folder_of(name))
  end
  return removed
end

local function now_text()
  local t = redis.call("TIME")
  return t[1] .. "." .. string.format("%06d", t[2])
end

local function type_error(key, wanted)
  local kind = redis.call("TYPE", key).ok
  if kind == "none" or kind == wanted then return nil end
  return "WRONGKIND " .. key .. " is a " .. kind .. ", expected a " .. wanted
end

-- Writes the metadata and the index entry; ttl_ms "" = for ever. Returns the new version.
local function touch(key, ttl_ms, writer, task)
  local prefix, name = split_key(key)
  local meta = meta_key(prefix, name)
  local version = redis.call("HINCRBY", meta, "v", 1)
  redis.call("HSET", meta, "at", now_text(), "by", writer, "task", task)
  if ttl_ms == "" then redis.call("PERSIST", meta) else redis.call("PEXPIRE", meta, ttl_ms) end
  index(prefix, name)
  redis.call("PUBLISH", prefix .. "aqe:changed", name)
  return version
end

-- What others hand in must be readable by every reader: text in UTF-8, strict JSON.

local function is_utf8(text)
  local i = string.find(text, "[\128-\255]")
  while i do
    local a, b = string.byte(text, i, i + 1)
    local more = a >= 194 and a <= 223 and 1 or a >= 224 and a <= 239 and 2 or a >= 240 and a <= 244 and 3
    if not more or not string.find(text, "^" .. string.rep("[\128-\191]", more), i + 1) then return false end
    -- Overlong forms, halves of surrogate pairs, beyond U+10FFFF.
    if a == 224 and b < 160 or a == 237 and b > 159 or a == 240 and b < 144 or a == 244 and b > 143 then return false end
    i = string.find(text, "[\128-\255]", i + more + 1)
  end
  return true
end

local strict_json
local function is_json(text)
  if not strict_json then -- cjson is not there while the library is being loaded
    strict_json = cjson.new and cjson.new() or cjson
    if strict_json.decode_invalid_numbers then strict_json.decode_invalid_numbers(false) end
  end
  if not is_utf8(text) or not pcall(strict_json.decode, text) then return false end
  -- What it lets through all the same: control characters in strings, "1." and numbers no float holds.
  local bare = string.gsub(text, "\\.", "")
  for quoted in string.gmatch(bare, '"[^"]*"') do
    if string.find(quoted, "[%z\1-\31]") then return false end
  end
  bare = string.gsub(bare, '"[^"]*"', "")
  for number in string.gmatch(bare, "%d[%d.eE+-]*") do
    if string.find(number, "%.%D") or string.find(number, "%.$") or tonumber(number) == math.huge then return false end
  end
  return true
end

local function is_name(name)
  return #name > 0 and #name <= MAX_NAME_BYTES and string.sub(name, 1, 1) ~= "{"
    and not string.find(name, "[%z\1-\31\127]") and is_utf8(name)
end

-- args: json, ttl_ms or "", expected version or "", writer, task
OPS.store = {
  kind = "string",
  check = function(key, args)
    if #args[1] > MAX_VALUE_BYTES then
      return "TOOLARGE " .. key .. " has " .. #args[1] .. " bytes, at most " .. MAX_VALUE_BYTES
    end
    local wrong = type_error(key, "string")
    if wrong then return wrong end
    if args[3] ~= "" then
      local prefix, name = split_key(key)
      local found = "0"
      if redis.call("EXISTS", key) == 1 then found = redis.call("HGET", meta_key(prefix, name), "v") or "0" end
      if found ~= args[3] then
        return "CONFLICT " .. key .. " has version " .. found .. ", expected " .. args[3]
      end
    end
  end,
  apply = function(key, args)
    if args[2] == "" then redis.call("SET", key, args[1]) else redis.call("SET", key, args[1], "PX", args[2]) end
    return touch(key, args[2], args[4], args[5])
  end,
}

-- args: json item, writer, task, expected length before it or "", how many of the newest are kept or "" = all; the last
-- two may be left out. Returns the new length.
OPS.append = {
  kind = "list",
  check = function(key, args)
    if #args[1] > MAX_VALUE_BYTES then
      return "TOOLARGE item of " .. key .. " has " .. #args[1] .. " bytes, at most " .. MAX_VALUE_BYTES
    end
    local wrong = type_error(key, "list")
    if wrong then return wrong end
    if (args[4] or "") ~= "" then
      local found = redis.call("LLEN", key)
      if found ~= tonumber(args[4]) then
        return "CONFLICT " .. key .. " has " .. found .. " items, expected " .. args[4]
      end
    end
  end,
  apply = function(key, args)
    local length = redis.call("RPUSH", key, args[1])
    local kept = tonumber(args[5] or "")
    if kept and length > kept then
      redis.call("LTRIM", key, -kept, -1)
      length = kept
    end
    touch(key, "", args[2], args[3])
    return length
  end,
}

-- No args. Returns 1 when there was a value.
OPS.delete = {
  check = function() end,
  apply = function(key)
    local prefix, name = split_key(key)
    redis.call("DEL", meta_key(prefix, name))
    unindex(prefix, name)
    redis.call("PUBLISH", prefix .. "aqe:changed", name)
    return redis.call("DEL", key)
  end,
}

-- While a Cluster slot is being moved, a fleet's keys lie on two servers and any access to one that is not here fails, in
-- the middle of whatever was begun. So a key that never exists is looked for first: refused there, nothing is begun.
local function moving(key)
  local prefix = split_key(key)
  local answer = prefix ~= "" and redis.pcall("EXISTS", prefix .. "aqe:nothing")
  return type(answer) == "table" and answer.err or nil
end

local function run_op(op, key, args)
  local wrong = moving(key) or op.check(key, args)
  if wrong then return redis.error_reply(wrong) end
  return op.apply(key, args)
end

-- What frees memory, or needs none, also works when there is none left (flag allow-oom): leases are kept, work is taken
-- over, old entries go, values are deleted.
local function always(name, callback)
  redis.register_function{ function_name = name, flags = { "allow-oom" }, callback = callback }
end

-- FCALL aqe_delete 1 <key>
always("aqe_delete", function(keys) return run_op(OPS.delete, keys[1], {}) end)

-- FCALL aqe_store 1 <key> <json> [ttl_s] [writer]: the way in for every other language.
redis.register_function("aqe_store", function(keys, args)
  if #keys ~= 1 or #args < 1 then return redis.error_reply("ERR usage: FCALL aqe_store 1 <key> <json> [ttl_s] [writer]") end
  local _, name = split_key(keys[1])
  if not is_name(name) then return redis.error_reply("ERR this cannot be a key; keys look like aqe/quality-signals/security") end
  if not is_json(args[1]) then
    return redis.error_reply("NOTJSON the value for " .. keys[1] .. " is not one JSON document in UTF-8")
  end
  local ttl_ms = ""
  if args[2] and args[2] ~= "" then
    local ttl_s = tonumber(args[2])
    if not ttl_s or not (ttl_s > 0 and ttl_s <= MAX_TTL_S) then
      return redis.error_reply("ERR ttl_s is '" .. args[2] .. "', expected seconds > 0, or leave it out for no expiry")
    end
    ttl_ms = string.format("%.0f", math.ceil(ttl_s * 1000))
  end
  return run_op(OPS.store, keys[1], { args[1], ttl_ms, "", args[3] or "external", "" })
end)

-- Glob ---------------------------------------------------------------------------------------------------------------

-- Redis's own glob (util.c, stringmatchlen) compiled once: a list of STAR, byte -> true sets, or bytes.
local STAR = "*"
local function compile_glob(glob)
  local tokens, i, n = {}, 1, #glob
  while i <= n do
    local c = string.sub(glob, i, i)
    if c == "*" then
      if tokens[#tokens] ~= STAR then tokens[#tokens + 1] = STAR end
    elseif c == "?" then
      tokens[#tokens + 1] = { negate = true }
    elseif c == "[" then
      local set = {}
      i = i + 1
      if string.sub(glob, i, i) == "^" then set.negate = true; i = i + 1 end
      while i <= n do
        local b = string.byte(glob, i)
        if b == 92 and i + 1 <= n then -- backslash
          i = i + 1
          set[string.byte(glob, i)] = true
        elseif b == 93 then -- closing bracket
          break
        elseif i + 2 <= n and string.byte(glob, i + 1) == 45 then -- range
          local from, to = b, string.byte(glob, i + 2)
          -- Redis compares `char`s, which are signed on x86: `[a-é]` runs from 0xC3 (-61) up to `a`.
          if from > 127 then from = from - 256 end
          if to > 127 then to = to - 256 end
          if from > to then from, to = to, from end
          for byte = from, to do set[byte % 256] = true end
          i = i + 2
        else
          set[b] = true
        end
        i = i + 1
      end
      tokens[#tokens + 1] = set
    else
      if c == "\\" and i < n then i = i + 1 end
      tokens[#tokens + 1] = string.byte(glob, i)
    end
    i = i + 1
  end
  return tokens
end

local function token_matches(token, byte)
  if type(token) == "number" then return token == byte end
  return (token[byte] == true) ~= (token.negate == true)
end

-- Iterative, one backtrack point: linear in practice, never exponential, whatever the pattern.
local function glob_matches(tokens, name, from)
  local t, s, star, mark = from, from, nil, nil
  local last, n = #tokens, #name
  while s <= n do
    local token = tokens[t]
    if token == STAR then
      if t == last then return true end
      star, mark = t, s
      t = t + 1
    elseif token and token_matches(token, string.byte(name, s)) then
      t, s = t + 1, s + 1
    elseif star then
      mark = mark + 1
      t, s = star + 1, mark
    else
      return false
    end
  end
  while tokens[t] == STAR do t = t + 1 end
  return t > last
end

local function literal_prefix(tokens)
  local bytes = {}
  for _, token in ipairs(tokens) do
    if type(token) ~= "number" then break end
    bytes[#bytes + 1] = string.char(token)
  end
  return table.concat(bytes)
end

-- What a folder must hold after the first wildcard for any name in it to match: the longest literal run between
-- wildcards, up to its last slash. nil = no such run. A folder's own part of a name ends with a slash and the rest of the
-- name has none, so every slash of the pattern's literals lies in the folder.
local function folder_must_hold(tokens)
  local best, run, after_star = nil, {}, false
  for i = 1, #tokens + 1 do
    local token = tokens[i]
    if after_star and type(token) == "number" then
      run[#run + 1] = string.char(token)
    else
      local folders = string.match(table.concat(run), "^.*/")
      if folders and (not best or #folders > #best) then best = folders end
      run = {}
      after_star = after_star or token == STAR
    end
  end
  return best
end

-- Names directly in a folder that match; what lies in its subfolders is jumped over.
local function match_folder(prefix, tokens, literal, folder, found)
  local low, high = "[" .. folder, "(" .. folder .. "\255"
  local all = tokens[#tokens] == STAR and glob_matches(tokens, folder, #literal + 1)
  while true do
    local names = redis.call("ZRANGE", index_key(prefix), low, high, "BYLEX", "LIMIT", 0, 500)
    local jumped = false
    for _, name in ipairs(names) do
      local slash = string.find(name, "/", #folder + 1, true)
      if slash then
        low, jumped = "(" .. string.sub(name, 1, slash) .. "\255", true
        break
      end
      low = "(" .. name
      if all or glob_matches(tokens, name, #literal + 1) then found[#found + 1] = name end
    end
    if not jumped and #names < 500 then return end
  end
end

-- Names that match, a page at a time: next start ("" = done) and the names, in order of folder; the values of some may have
-- expired. Cost follows the names that share the pattern's literal beginning; with a wildcard in the middle,
-- the folders that do.
local function match_page(prefix, glob, start, limit)
  local tokens = compile_glob(glob)
  local literal = literal_prefix(tokens)
  local low = start ~= "" and "(" .. start or (literal == "" and "-" or "[" .. literal)
  local high = literal == "" and "+" or "(" .. literal .. "\255"
  local found = {}
  local held = folder_must_hold(tokens)
  if held then
    local most = limit * 20
    local folders = redis.call("ZRANGE", folders_key(prefix), low, high, "BYLEX", "LIMIT", 0, most)
    for _, folder in ipairs(folders) do
      if string.find(folder, held, #literal + 1, true) then match_folder(prefix, tokens, literal, folder, found) end
    end
    return #folders < most and "" or folders[#folders], found
  end
  local all = #tokens == #literal + 1 and tokens[#tokens] == STAR
  local names = redis.call("ZRANGE", index_key(prefix), low, high, "BYLEX", "LIMIT", 0, limit)
  for _, name in ipairs(names) do
    if all or glob_matches(tokens, name, #literal + 1) then found[#found + 1] = name end
  end
  return #names < limit and "" or names[#names], found
end

-- FCALL aqe_keys 1 <index key> <glob> <start> <limit>: without those whose value has expired.
redis.register_function{ function_name = "aqe_keys", flags = { "no-writes" }, callback = function(keys, args)
  local prefix = split_key(keys[1])
  local next_start, names = match_page(prefix, args[1], args[2], tonumber(args[3]))
  local living = {}
  for _, name in ipairs(names) do
    if redis.call("EXISTS", prefix .. name) == 1 then living[#living + 1] = name end
  end
  return { next_start, living }
end }

-- FCALL aqe_values 1 <index key> <glob> <start> <limit>: names and values; a history comes as a nested list, and nothing in
-- place of a value that has expired.
redis.register_function{ function_name = "aqe_values", flags = { "no-writes" }, callback = function(keys, args)
  local prefix = split_key(keys[1])
  local next_start, names = match_page(prefix, args[1], args[2], tonumber(args[3]))
  local values = {}
  for from = 1, #names, 1000 do -- as many as unpack is good for
    local page = {}
    for i = from, math.min(from + 999, #names) do page[#page + 1] = prefix .. names[i] end
    for i, value in ipairs(redis.call("MGET", unpack(page))) do
      if not value then -- not a string: a history, or nothing that we read
        value = redis.pcall("LRANGE", page[i], 0, -1)
        if value.err or #value == 0 then value = false end
      end
      values[from + i - 1] = value
    end
  end
  return { next_start, names, values }
end }

-- FCALL aqe_record 1 <key>: the value (a history as a list) and its metadata, which belong together.
redis.register_function{ function_name = "aqe_record", flags = { "no-writes" }, callback = function(keys)
  local value = redis.pcall("GET", keys[1])
  if type(value) == "table" and value.err then value = redis.pcall("LRANGE", keys[1], 0, -1) end
  if type(value) == "table" and value.err then
    return redis.error_reply("WRONGKIND " .. keys[1] .. " holds neither a value nor a history")
  end
  local prefix, name = split_key(keys[1])
  return { value, redis.call("HGETALL", meta_key(prefix, name)) }
end }

-- FCALL aqe_reindex 1 <index key> <names...>: puts names that exist into the index, takes those that are gone out of it.
-- Returns how many were added and removed.
redis.register_function("aqe_reindex", function(keys, args)
  local prefix = split_key(keys[1])
  local added, removed = 0, 0
  for _, name in ipairs(args) do
    if redis.call("EXISTS", prefix .. name) == 1 then
      added = added + index(prefix, name)
      redis.call("ZADD", folders_key(prefix), 0, folder_of(name)) -- also where only the folders were lost
    else
      removed = removed + unindex(prefix, name)
      redis.call("DEL", meta_key(prefix, name))
    end
  end
  return { added, removed }
end)

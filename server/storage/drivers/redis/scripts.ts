/**
 * What a commit, a read and a list are, in the words of the engine: each script is one atomic step of Redis
 * (https://redis.io/docs/latest/develop/programmability/eval-intro/).
 *
 * A record is the string `<version>:<expires>:<JSON text>`; its key also stands in a sorted set whose members all have
 * the score 0, which Redis keeps in byte order, and, while it has an end of life, in a second one sorted by that time.
 * The clock is the engine's. Lua's numbers are doubles and print 123456789012345 as 1.2345678901234e+14, so every number
 * that leaves a script is printed by `%.0f`.
 */

const COMMON = `
local prefix = ARGV[1]
local INDEX, EXPIRY, VERSION = prefix .. 'keys', prefix .. 'expiry', prefix .. 'version'
local function record_of(key) return prefix .. 'r:' .. key end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function parse(raw)
  if not raw then return nil end
  local version, expires, text = string.match(raw, '^(%d+):(%d*):(.*)$')
  if expires ~= '' and tonumber(expires) <= now then return nil end
  return { version = version, expires = expires, text = text }
end
local function remove(key)
  redis.call('DEL', record_of(key))
  redis.call('ZREM', INDEX, key)
  redis.call('ZREM', EXPIRY, key)
end
local function purge(most)
  local ended = redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', now, 'LIMIT', 0, most)
  for _, key in ipairs(ended) do remove(key) end
  return #ended
end
`

/** ARGV: prefix, keys … Answers `[version, text]` or nil for each. */
export const READ = `${COMMON}
local found = {}
for i = 2, #ARGV do
  local row = parse(redis.call('GET', record_of(ARGV[i])))
  found[i - 1] = row and { row.version, row.text } or false
end
return found
`

/** ARGV: prefix, low, high (exclusive), limit, '1' for backwards. Answers `[key, version, text, expires]` for each, '' for no end. */
export const LIST = `${COMMON}
local low, high, limit, backwards = '[' .. ARGV[2], '(' .. ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
local found, count = {}, 0
while count < limit do
  local keys
  if backwards then keys = redis.call('ZREVRANGEBYLEX', INDEX, high, low, 'LIMIT', 0, limit)
  else keys = redis.call('ZRANGEBYLEX', INDEX, low, high, 'LIMIT', 0, limit) end
  for _, key in ipairs(keys) do
    local row = parse(redis.call('GET', record_of(key)))
    if row and count < limit then
      count = count + 1
      found[count] = { key, row.version, row.text, row.expires }
    end
  end
  if #keys < limit then break end
  if backwards then high = '(' .. keys[#keys] else low = '(' .. keys[#keys] end
end
return found
`

/** ARGV: prefix, low, high (exclusive), limit. Answers how many live records it deleted. */
export const DELETE_RANGE = `${COMMON}
local low, high, limit, deleted = '[' .. ARGV[2], '(' .. ARGV[3], tonumber(ARGV[4]), 0
while deleted < limit do
  local keys = redis.call('ZRANGEBYLEX', INDEX, low, high, 'LIMIT', 0, limit - deleted)
  for _, key in ipairs(keys) do
    if parse(redis.call('GET', record_of(key))) then deleted = deleted + 1 end
    remove(key)
  end
  if #keys == 0 then break end
end
return deleted
`

/** ARGV: prefix, how many at most. Deletes what has expired; answers how many. */
export const PURGE = `${COMMON}
return purge(tonumber(ARGV[2]))
`

/**
 * ARGV: prefix, the steps as JSON in the order they are decided in ({@link ScriptStep}). Answers `['ok', text, …]` with a
 * text for each step in that order, `['no', position, reason, text]`, or `['bad', sentence]` for a mistake of the caller.
 */
export const COMMIT = `${COMMON}
local MAX = 9007199254740991
local steps = cjson.decode(ARGV[2])
local answers, writes = { 'ok' }, {}

local function number(value) return string.format('%.0f', value) end
local function is_safe(value)
  return type(value) == 'number' and value == math.floor(value) and value >= -MAX and value <= MAX
end
local function sorted(fields)
  local names = {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names)
  return names
end
local function counters(step, row)
  if not row then return {} end
  if step.single then
    if not string.match(row.text, '^-?%d+$') or not is_safe(tonumber(row.text)) then return nil end
    return { value = tonumber(row.text) }
  end
  if string.sub(row.text, 1, 1) ~= '{' then return nil end
  local fields = cjson.decode(row.text)
  for _, value in pairs(fields) do
    if not is_safe(value) then return nil end
  end
  return fields
end
local function text_of(step, fields)
  if step.single then return number(fields.value or 0) end
  local parts = {}
  for _, name in ipairs(sorted(fields)) do parts[#parts + 1] = cjson.encode(name) .. ':' .. number(fields[name]) end
  return '{' .. table.concat(parts, ',') .. '}'
end
local function add_up(step, fields)
  for _, name in ipairs(sorted(step.by)) do
    local sum = (fields[name] or 0) + step.by[name]
    if not is_safe(sum) then return step.by[name] < 0 and 'floor' or 'ceil' end
    fields[name] = sum
  end
  for _, name in ipairs(sorted(step.floor)) do
    if (fields[name] or 0) < step.floor[name] then return 'floor' end
  end
  for _, name in ipairs(sorted(step.ceil)) do
    if (fields[name] or 0) > step.ceil[name] then return 'ceil' end
  end
end

for position, step in ipairs(steps) do
  local raw = redis.call('GET', record_of(step.key))
  local row = parse(raw)
  answers[position + 1] = 'null'
  if step.kind == 'expect' then
    if (row and row.version or 'absent') ~= step.version then
      local value = row and '{"value":' .. row.text .. ',"version":"' .. row.version .. '"}' or 'null'
      return { 'no', position, 'changed', value }
    end
  elseif step.kind == 'add' then
    local fields = counters(step, row)
    if not fields then return { 'bad', step.key .. ' holds no counter of the kind that is added to' } end
    local reason = add_up(step, fields)
    if reason then return { 'no', position, reason, row and row.text or (step.single and '0' or '{}') } end
    local text = text_of(step, fields)
    answers[position + 1] = text
    writes[#writes + 1] = { key = step.key, text = text, expires = step.ttl and number(now + step.ttl) or row and row.expires or '', raw = raw }
  else
    if step.kind == 'once' and row then return { 'no', position, 'exists', row.text } end
    writes[#writes + 1] = { key = step.key, text = step.text, expires = step.ttl and number(now + step.ttl) or '', raw = raw }
  end
end

-- Microseconds, or one more than the last: a counter alone could be set back with the data it counts.
local version = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', VERSION) or '0')
if version <= last then version = last + 1 end
redis.call('SET', VERSION, number(version))
for _, write in ipairs(writes) do
  if write.text then
    redis.call('SET', record_of(write.key), number(version) .. ':' .. write.expires .. ':' .. write.text)
    if not write.raw then redis.call('ZADD', INDEX, 0, write.key) end
    if write.expires ~= '' then redis.call('ZADD', EXPIRY, write.expires, write.key)
    elseif write.raw then redis.call('ZREM', EXPIRY, write.key) end
  elseif write.raw then
    remove(write.key)
  end
end
purge(4)
return answers
`

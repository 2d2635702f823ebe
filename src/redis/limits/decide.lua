-- Limits of calls and requests, decided for several of them in their order; each whole or not at all (rulings 3).
-- KEYS: those of the operations, one behind the other
-- ARGV: 1 lease (who asks: one limiter of one replica), 2 milliseconds until a lease ends, then the operations, each with a
--   shape = kind + 8 * windows + 64 * quotas + 512 * slots, and
--   ask (1) and ask again (2): a limit for each window; period (d or m) and limit for each quota; a limit for each slots; to ask again
--     besides: milliseconds that the call has waited, milliseconds until its turn lapses. Keys: windows, quotas, slots
--   give back (3): nothing. Keys: slots
--   hold (4): how many slots this lease really holds. Keys: one slots
-- Returns: three numbers for each ask: 0, 100 or 200 + place of the tightest or full window or quota (0: admitted, 100: full) or
--   of the full slots (200); places left; seconds until one comes free
-- Ends: windows 62 s after the last admission, quotas a minute after their period, slots a second after the last lease
local WINDOW_MS, STEP_MS, RING = 60000, 1000, 64
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease_ms = tonumber(ARGV[2])
local own_field, turn_field = 'h' .. ARGV[1], 'w' .. ARGV[1]

-- A window: admissions of one second are one entry with the time of the newest, so that at most 62 entries tell a minute and
-- a place comes free at most a second late, never early. Entries but the newest stand in a ring of 64 fields, the rest in `s`.
local windows = {}
local function oldest_entry (window)
  if window.first == window.after then
    window.old_at, window.old_count = window.new_at, window.new_count
    return
  end
  local entry = redis.call('HGET', window.key, window.first % RING)
  if entry then
    window.old_at, window.old_count = struct.unpack('>dd', entry)
  else
    window.first, window.total, window.old_at, window.old_count = window.after, window.new_count, window.new_at, window.new_count
  end
end

local function forget (window)
  while window.total > 0 and window.old_at + WINDOW_MS <= window.now do
    window.total, window.changed = window.total - window.old_count, true
    if window.first == window.after then window.new_count = 0 else window.first = window.first + 1 end
    if window.total > 0 then oldest_entry(window) end
  end
end

local function open_window (key)
  local window = windows[key]
  if window then return window end
  window = { key = key, now = now, total = 0, first = 0, after = 0, old_at = 0, old_count = 0, new_at = 0, new_count = 0 }
  local state = redis.call('HGET', key, 's')
  if state then
    window.total, window.first, window.after, window.old_at, window.old_count, window.new_at, window.new_count = struct.unpack('>ddddddd', state)
    -- A clock that was set back would keep places taken for as long: counted anew. By less than a step, time stands still.
    if window.new_at > now + STEP_MS then window.total, window.first, window.new_count, window.new_at = 0, window.after, 0, 0 end
    if window.new_at > now then window.now = window.new_at end
    forget(window)
  end
  windows[key] = window
  windows[#windows + 1] = window
  return window
end

local function admit_in_window (window)
  if window.new_count > 0 and math.floor(window.new_at / STEP_MS) == math.floor(window.now / STEP_MS) then
    window.new_count = window.new_count + 1
  else
    if window.new_count > 0 then
      redis.call('HSET', window.key, window.after % RING, struct.pack('>dd', window.new_at, window.new_count))
      window.after = window.after + 1
    end
    window.new_count, window.is_new = 1, true
  end
  window.new_at = window.now
  window.total, window.changed = window.total + 1, true
  if window.first == window.after then window.old_at, window.old_count = window.new_at, window.new_count end
end

-- When a place below `limit` comes free, if nobody else is admitted.
local function window_frees_at (window, limit)
  local surplus = window.total - limit
  if limit == 0 then return window.now + WINDOW_MS end
  if surplus < window.old_count then return window.old_at + WINDOW_MS end
  local left = surplus - window.old_count
  for entry = window.first + 1, window.after - 1 do
    local text = redis.call('HGET', window.key, entry % RING)
    local at, count = window.now, 0
    if text then at, count = struct.unpack('>dd', text) end
    if left < count then return at + WINDOW_MS end
    left = left - count
  end
  return window.new_at + WINDOW_MS
end

local function write_window (window)
  if not window.changed then return end
  if window.total == 0 then return redis.call('DEL', window.key) end
  redis.call('HSET', window.key, 's', struct.pack('>ddddddd', window.total, window.first, window.after, window.old_at, window.old_count, window.new_at, window.new_count))
  if window.is_new then redis.call('PEXPIRE', window.key, WINDOW_MS + 2 * STEP_MS) end
end

-- Quotas: of calendar days and months, UTC.
local DAY_MS = 86400000
local function month_and_day (days)
  local shifted = days + 719468
  local era = math.floor(shifted / 146097)
  local of_era = shifted - era * 146097
  local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524) - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local month = math.floor((5 * of_year + 2) / 153)
  return (year + era * 400) * 12 + month, of_year - math.floor((153 * month + 2) / 5) + 1
end

local periods = {}
local function period (kind)
  if periods[kind] then return periods[kind] end
  local days = math.floor(now / DAY_MS)
  local found
  if kind == 'd' then
    found = { id = days, ends_at = (days + 1) * DAY_MS }
  else
    local month, day = month_and_day(days)
    local first = days - day + 1
    local _, over = month_and_day(first + 32)
    found = { id = month, ends_at = (first + 32 - over + 1) * DAY_MS }
  end
  periods[kind] = found
  return found
end

local quotas = {}
local function open_quota (key, kind)
  local quota = quotas[key]
  if quota then return quota end
  local current = period(kind)
  quota = { key = key, id = current.id, ends_at = current.ends_at, total = 0 }
  local text = redis.call('GET', key)
  if text then
    local id, total = string.match(text, '^(%d+):(%d+)$')
    if tonumber(id) == current.id then quota.total = tonumber(total) end
  end
  quotas[key] = quota
  quotas[#quotas + 1] = quota
  return quota
end

local function write_quota (quota)
  if not quota.changed then return end
  redis.call('SET', quota.key, string.format('%.0f:%.0f', quota.id, quota.total), 'PX', string.format('%.0f', quota.ends_at - now + WINDOW_MS))
end

-- Slots: how many each lease holds, and whose turn it is. What a lease that has ended held is free.
local all_slots = {}
local function open_slots (key)
  local slots = all_slots[key]
  if slots then return slots end
  slots = { key = key, own = 0, total = 0, turns = {} }
  local fields = redis.call('HGETALL', key)
  for at = 1, #fields, 2 do
    local name = fields[at]
    local value, ends_at = struct.unpack('>dd', fields[at + 1])
    if ends_at <= now then
      redis.call('HDEL', key, name)
    elseif name == own_field then
      slots.own, slots.total = value, slots.total + value
    elseif string.byte(name) == 104 then
      slots.total = slots.total + value
    elseif name == turn_field then
      slots.has_turn = true
    else
      slots.turns[#slots.turns + 1] = value
    end
  end
  all_slots[key] = slots
  all_slots[#all_slots + 1] = slots
  return slots
end

local function hold (slots, count)
  slots.total, slots.own, slots.changed = slots.total - slots.own + count, count, true
end

-- A slot is for whoever has waited longest, in whichever replica: those who wait there ask again every few milliseconds.
local function has_room (slots, limit, since)
  local free = limit - slots.total
  for _, turn in ipairs(slots.turns) do
    if turn < since then free = free - 1 end
  end
  return free > 0
end

local function write_slots (slots)
  if not slots.changed then return end
  if slots.own > 0 then
    redis.call('HSET', slots.key, own_field, struct.pack('>dd', slots.own, now + lease_ms))
    redis.call('PEXPIRE', slots.key, lease_ms + STEP_MS)
  else
    redis.call('HDEL', slots.key, own_field)
  end
end

local key_at, arg_at, answers = 0, 2, {}
local function next_key () key_at = key_at + 1; return KEYS[key_at] end
local function next_arg () arg_at = arg_at + 1; return ARGV[arg_at] end
local function answer (verdict, left, frees_at)
  answers[#answers + 1] = verdict
  answers[#answers + 1] = math.max(0, left)
  answers[#answers + 1] = math.max(1, math.ceil((frees_at - now) / 1000))
end

local function ask (window_count, quota_count, slots_count, again)
  local meters, limits, slots, bounds = {}, {}, {}, {}
  for place = 1, window_count do meters[place], limits[place] = open_window(next_key()), tonumber(next_arg()) end
  for place = window_count + 1, window_count + quota_count do
    meters[place] = open_quota(next_key(), next_arg())
    limits[place] = tonumber(next_arg())
  end
  for place = 1, slots_count do slots[place], bounds[place] = open_slots(next_key()), tonumber(next_arg()) end
  local since, turn_ms = now, 0
  if again then since, turn_ms = now - tonumber(next_arg()), tonumber(next_arg()) end

  local function frees_at (place)
    if place > window_count then return meters[place].ends_at end
    return window_frees_at(meters[place], limits[place])
  end

  -- Of several full ones the one that stays full the longest: then Retry-After is true for all.
  local full, full_until = nil, 0
  for place = 1, #meters do
    if meters[place].total >= limits[place] then
      local free_at = frees_at(place)
      if free_at > full_until then full, full_until = place, free_at end
    end
  end
  if full then return answer(99 + full, 0, full_until) end

  for place = 1, slots_count do
    if not has_room(slots[place], bounds[place], since) then
      if again then
        redis.call('HSET', slots[place].key, turn_field, struct.pack('>dd', since, now + turn_ms))
        if redis.call('PTTL', slots[place].key) < turn_ms then redis.call('PEXPIRE', slots[place].key, lease_ms + STEP_MS) end
      end
      return answer(199 + place, 0, now)
    end
  end

  local tightest, fewest = 1, math.huge
  for place = 1, #meters do
    local meter = meters[place]
    if place > window_count then meter.total, meter.changed = meter.total + 1, true else admit_in_window(meter) end
    local left = limits[place] - meter.total
    if left < fewest then tightest, fewest = place, left end
  end
  for place = 1, slots_count do
    hold(slots[place], slots[place].own + 1)
    if slots[place].has_turn then redis.call('HDEL', slots[place].key, turn_field) end
  end
  answer(tightest - 1, fewest, frees_at(tightest))
end

while arg_at < #ARGV do
  local shape = tonumber(next_arg())
  local kind, slots_count = shape % 8, math.floor(shape / 512)
  if kind <= 2 then
    ask(math.floor(shape / 8) % 8, math.floor(shape / 64) % 8, slots_count, kind == 2)
  elseif kind == 3 then
    for _ = 1, slots_count do
      local slots = open_slots(next_key())
      if slots.own > 0 then hold(slots, slots.own - 1) end
    end
  else
    hold(open_slots(next_key()), tonumber(next_arg()))
  end
end

for _, window in ipairs(windows) do write_window(window) end
for _, quota in ipairs(quotas) do write_quota(quota) end
for _, slots in ipairs(all_slots) do write_slots(slots) end
return answers

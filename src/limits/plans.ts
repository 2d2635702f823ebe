import type { ServerName, TenantId } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { Settings } from '../shared/settings.ts'
import type { LimitSettings } from '../shared/settings/limits.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { TenantSettings } from '../shared/settings/tenant.ts'
import { createAccounts } from './accounts.ts'
import type { Account } from './accounts.ts'
import type { Charges } from './charges.ts'
import { createMeter, partOf } from './meter.ts'
import type { Meter } from './meter.ts'
import { createQuotaBook } from './quota.ts'
import { createWindow, placesTaken, WINDOW_MS } from './sliding-window.ts'
import type { SlidingWindow } from './sliding-window.ts'
import { resizeSlots } from './slot-queue.ts'
import { createSlots } from './slots.ts'
import type { Slots } from './slots.ts'
import { placesOf } from './stages.ts'
import type { Places, WeighedQueuer } from './stages.ts'
import type { LimitName } from './types.ts'

/** Windows and slots of a user or a tenant; of a key only the calls are used. */
interface Holder extends Account, WeighedQueuer {
  /** Monotonic ms of the last decision for them. */
  usedAtMs: number
  readonly calls: SlidingWindow
  readonly requests: SlidingWindow
  readonly initializes: SlidingWindow
  /** By server and tool, for tools that have a limit: so bounded by the config. */
  readonly tools: Map<string, SlidingWindow>
  /** Of a tenant: its slots at servers that bound each tenant. */
  readonly servers: Map<ServerName, Slots>
}

/** Everything that the requests of one principal are charged to, found once and kept. */
export interface Plan {
  readonly requests: Charges
  readonly initializes: Charges
  /** Of one call, the tool's window and the quotas included: the same object each time. */
  calls (server: ServerName, tool: string | undefined): Charges
  /** Slots of one call. */
  places (server: ServerName): Places
  /** Calls in flight over all replicas. */
  readonly concurrentCalls: { readonly user: number, /** Infinity = no bound. */ readonly tenant: number }
}

/** Finds plans. */
export interface Plans {
  of (principal: Principal, nowMs: number): Plan
  /** Another snapshot: what was counted stays counted, whoever waits stays in line. */
  configure (snapshot: LimitedSettings): void
  /** This process is one of several from now on, or alone. */
  divide (share: Share): void
  /** Users, keys and tenants that are kept right now. */
  size (): number
}

interface KeptPlan { readonly plan: Plan, readonly holders: readonly Holder[] }

/** The part of the settings that limits follow from. */
export type LimitedSettings = Pick<Settings, 'limits' | 'tenants' | 'servers'>

/** Among how many replicas limits are divided where this process decides alone (reliability C). */
export interface Share {
  readonly windows: number
  readonly slots: number
}

const WHOLE: Share = { windows: 1, slots: 1 }

/** Makes the plans of one configuration snapshot. */
export function createPlans (first: LimitedSettings): Plans {
  let { limits: settings, tenants, servers } = first
  let share = WHOLE
  const quotaBook = createQuotaBook()
  const users = createAccounts(() => openHolder(partOf(settings.concurrentCalls, share.slots)), isIdle)
  const keys = createAccounts(() => openHolder(Infinity), isIdle)
  const tenantHolders = createAccounts((id) => {
    const { concurrentCalls = Infinity, weight } = limitsOf(tenants, id)
    return openHolder(partOf(concurrentCalls, share.slots), weight)
  }, isIdle)
  const shared = sharedSlots(settings, servers)
  let plans = new WeakMap<Principal, KeptPlan>()

  function make (principal: Principal): KeptPlan {
    const user = users.get(principal.userKey)
    const tenant = tenantHolders.get(principal.tenant)
    const own = principal.callsPerMinute
    const key = own === undefined ? undefined : keys.get(principal.ownerKey)
    const limits = limitsOf(tenants, principal.tenant)
    const meter = (name: LimitName, whole: number, subject: string, window: SlidingWindow): Meter => createMeter(name, whole, { subject, window, replicas: share.windows })
    const meters = [
      meter('user_calls', Math.max(settings.callsPerMinute, own ?? 0), principal.user, user.calls),
      ...(key === undefined || own === undefined ? [] : [meter('key_calls', own, principal.ownerKey, key.calls)]),
      ...(limits.callsPerMinute === undefined ? [] : [meter('tenant_calls', limits.callsPerMinute, '', tenant.calls)])
    ]
    const requests = [
      meter('user_requests', settings.requestsPerMinute, principal.user, user.requests),
      ...(limits.requestsPerMinute === undefined ? [] : [meter('tenant_requests', limits.requestsPerMinute, '', tenant.requests)])
    ]
    const initialize = meter('user_initialize', settings.initializePerMinute, principal.user, user.initializes)
    const calls = { meters, quotas: quotaBook.of(principal, settings, limits, share.windows) }
    return {
      plan: {
        requests: { meters: requests, quotas: [] },
        initializes: { meters: [initialize, ...requests], quotas: [] },
        calls: chargesBy(calls, tenant, (name) => servers.get(name), share.windows),
        places: placesBy(user, tenant, shared, (name) => servers.get(name)?.concurrentCallsPerTenant),
        concurrentCalls: { user: settings.concurrentCalls, tenant: limits.concurrentCalls ?? Infinity }
      },
      holders: key === undefined ? [user, tenant] : [user, tenant, key]
    }
  }

  /** After a change of the settings or of the share: plans are made again when they are needed. */
  function refresh (): void {
    plans = new WeakMap()
    for (const [, user] of users.entries()) resizeSlots(user.slots, partOf(settings.concurrentCalls, share.slots))
    for (const [id, tenant] of tenantHolders.entries()) {
      const { concurrentCalls = Infinity, weight = 1 } = limitsOf(tenants, id)
      tenant.weight = weight
      resizeSlots(tenant.slots, partOf(concurrentCalls, share.slots))
      for (const [name, slots] of tenant.servers) resizeSlots(slots, servers.get(name)?.concurrentCallsPerTenant ?? Infinity)
    }
  }

  return {
    of (principal, nowMs) {
      users.forgetSome(nowMs)
      keys.forgetSome(nowMs)
      tenantHolders.forgetSome(nowMs)
      let kept = plans.get(principal)
      if (kept === undefined || kept.holders.some(isForgotten)) {
        kept = make(principal)
        plans.set(principal, kept)
      }
      for (const holder of kept.holders) holder.usedAtMs = nowMs
      return kept.plan
    },
    size: () => users.size + keys.size + tenantHolders.size,
    configure (next) {
      ({ limits: settings, tenants, servers } = next)
      refresh()
      configureShared(shared, settings, servers)
    },
    divide (next) {
      if (next.windows === share.windows && next.slots === share.slots) return
      share = next
      refresh()
    }
  }
}

/** Slots that everybody shares. */
interface SharedSlots {
  /** Of servers that have a bound. */
  readonly servers: Map<ServerName, Slots>
  readonly gateway: Slots
}

function sharedSlots ({ totalConcurrentCalls = Infinity }: LimitSettings, servers: ReadonlyMap<ServerName, ServerSettings>): SharedSlots {
  const bounded = new Map<ServerName, Slots>()
  for (const { name, concurrentCalls } of servers.values()) if (concurrentCalls !== undefined) bounded.set(name, createSlots(concurrentCalls))
  return { servers: bounded, gateway: createSlots(totalConcurrentCalls) }
}

function configureShared ({ servers: bounded, gateway }: SharedSlots, { totalConcurrentCalls = Infinity }: LimitSettings, servers: ReadonlyMap<ServerName, ServerSettings>): void {
  resizeSlots(gateway, totalConcurrentCalls)
  for (const { name, concurrentCalls } of servers.values()) {
    const known = bounded.get(name)
    if (known !== undefined) resizeSlots(known, concurrentCalls ?? Infinity)
    else if (concurrentCalls !== undefined) bounded.set(name, createSlots(concurrentCalls))
  }
  for (const [name, slots] of bounded) if (servers.get(name)?.concurrentCalls === undefined && slots.taken === 0) bounded.delete(name)
}

function limitsOf (tenants: Settings['tenants'], id: string): TenantSettings['limits'] {
  return tenants?.get(id as TenantId)?.limits ?? {}
}

/** Most calls go to servers without a bound, so their places are made once per caller. */
function placesBy (user: Holder, tenant: Holder, { servers, gateway }: SharedSlots, perTenant: (server: ServerName) => number | undefined): Plan['places'] {
  const usual = placesOf(user, tenant, undefined, gateway)
  const bounded = new Map<ServerName, Places>()
  return (server) => {
    const ofAll = servers.get(server)
    const limit = perTenant(server)
    if (ofAll === undefined && limit === undefined) return usual
    let places = bounded.get(server)
    if (places === undefined) {
      places = placesOf(user, tenant, { ofTenant: limit === undefined ? undefined : slotsAt(tenant, server, limit), ofAll }, gateway)
      bounded.set(server, places)
    }
    return places
  }
}

function slotsAt (tenant: Holder, server: ServerName, limit: number): Slots {
  let slots = tenant.servers.get(server)
  if (slots === undefined) tenant.servers.set(server, slots = createSlots(limit))
  return slots
}

function openHolder (concurrentCalls: number, weight = 1): Holder {
  return {
    forgotten: false,
    usedAtMs: 0,
    slots: createSlots(concurrentCalls),
    weight,
    flows: [],
    waiting: 0,
    calls: createWindow(),
    requests: createWindow(),
    initializes: createWindow(),
    tools: new Map(),
    servers: new Map()
  }
}

function isForgotten (holder: Holder): boolean {
  return holder.forgotten
}

/** Forgetting an idle holder frees nothing that a caller could use: all its windows are empty and its slots free. */
function isIdle (holder: Holder, nowMs: number): boolean {
  // Most tenants have neither windows nor slots; theirs would be made again for every call.
  if (nowMs - holder.usedAtMs < WINDOW_MS) return false
  if (holder.slots.taken > 0 || holder.waiting > 0) return false
  for (const slots of holder.servers.values()) if (slots.taken > 0) return false
  if (placesTaken(holder.calls, nowMs) + placesTaken(holder.requests, nowMs) + placesTaken(holder.initializes, nowMs) > 0) return false
  for (const window of holder.tools.values()) if (placesTaken(window, nowMs) > 0) return false
  return true
}

/** A tool's window belongs to the tenant: its users share it, and other tenants neither see nor exhaust it. */
function chargesBy (calls: Charges, tenant: Holder, serverOf: (name: ServerName) => ServerSettings | undefined, replicas: number): Plan['calls'] {
  const withTool = new Map<string, Charges>()
  return (name, tool) => {
    const server = serverOf(name)
    if (server === undefined || tool === undefined || !Object.hasOwn(server.tools.callsPerMinute, tool)) return calls
    const key = `${server.name}__${tool}`
    const known = withTool.get(key)
    if (known !== undefined) return known
    let window = tenant.tools.get(key)
    if (window === undefined) tenant.tools.set(key, window = createWindow())
    const meter = createMeter('tool_calls', server.tools.callsPerMinute[tool] ?? Infinity, { subject: key, window, replicas })
    const charges = { ...calls, meters: [...calls.meters, meter] }
    withTool.set(key, charges)
    return charges
  }
}

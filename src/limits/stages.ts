import { FairFlow } from '../shared/fair-line.ts'
import type { Slots } from './slots.ts'

/** Whose slots a call needs, in the order in which it takes them: from the caller's own to those of everybody. */
export type Stage = 'user' | 'tenant' | 'tenant_server' | 'server' | 'gateway'

/** A user or a tenant: their own slots, how many of their calls wait anywhere, and their flows in the lines of others. */
export interface Queuer {
  readonly slots: Slots
  waiting: number
  /** Made when first needed, at most one per line. */
  readonly flows: FlowOf[]
}

interface FlowOf { readonly line: FairFlow, readonly flow: FairFlow }

/** A tenant among tenants. */
export interface WeighedQueuer extends Queuer {
  weight: number
}

/** Everything that one call needs a slot of: what has no bound is left out. */
export interface Places {
  readonly user: Queuer
  readonly tenant: WeighedQueuer
  /** In the order in which they are taken; the first is the user's. */
  readonly slots: readonly Slots[]
  /** Whose they are, one by one. */
  readonly stages: readonly Stage[]
}

/** Slots of one server, as far as it has bounds: those of this tenant there, and those of everybody. */
export interface ServerSlots { readonly ofTenant: Slots | undefined, readonly ofAll: Slots | undefined }

/** Makes the places of the calls of one user to servers with these slots. */
export function placesOf (user: Queuer, tenant: WeighedQueuer, server: ServerSlots | undefined, gateway: Slots): Places {
  const all: Array<readonly [Stage, Slots | undefined]> = [['user', user.slots], ['tenant', tenant.slots], ['tenant_server', server?.ofTenant], ['server', server?.ofAll], ['gateway', gateway]]
  const bounded = all.flatMap(([stage, slots]) => slots === undefined || slots.limit === Infinity ? [] : [{ stage, slots }])
  return { user, tenant, slots: bounded.map(({ slots }) => slots), stages: bounded.map(({ stage }) => stage) }
}

/** The slots that a call lacks which holds `held`, not all, of them. */
export function lackedBy (places: Places, held: number): Slots {
  return places.slots[held] as Slots
}

/** The name of what such a call lacks. */
export function stageAt (places: Places, held: number): Stage {
  return places.stages[held] as Stage
}

/** Where such a call waits: in a user's own line, among users, or among tenants and their users. */
export function flowFor (places: Places, held: number): FairFlow {
  const { user, tenant } = places
  const { line } = lackedBy(places, held)
  const stage = stageAt(places, held)
  if (stage === 'user') return line
  return flowIn(user, stage === 'tenant' || stage === 'tenant_server' ? line : flowIn(tenant, line, tenant.weight), 1)
}

/** From so many on, those in which nobody waits are dropped: they know nothing that a new one would not. */
const MANY_FLOWS = 64

function flowIn (queuer: Queuer, line: FairFlow, weight: number): FairFlow {
  const known = queuer.flows.find((entry) => entry.line === line)
  if (known !== undefined) return known.flow
  if (queuer.flows.length >= MANY_FLOWS) queuer.flows.splice(0, Infinity, ...queuer.flows.filter(({ flow }) => flow.waiting > 0))
  const flow = new FairFlow(line, weight)
  queuer.flows.push({ line, flow })
  return flow
}

import { FairFlow } from '../shared/fair-line.ts'
import type { Slots } from './slots.ts'

/** Whose slots a call needs, in the order in which it takes them. */
export const STAGES = ['user', 'tenant', 'server', 'gateway'] as const
/** One of them. */
export type Stage = typeof STAGES[number]

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
  readonly weight: number
}

/** Everything that one call needs a slot of. */
export interface Places {
  readonly user: Queuer
  readonly tenant: WeighedQueuer
  readonly server: Slots
  readonly gateway: Slots
}

/** The slots of a stage. */
export function slotsOf (places: Places, stage: Stage): Slots {
  const holder = places[stage]
  return 'slots' in holder ? holder.slots : holder
}

/** Where a call waits for a slot of that stage: in a user's own line, among users, or among tenants and their users. */
export function flowFor (places: Places, stage: Stage): FairFlow {
  const { user, tenant } = places
  if (stage === 'user') return user.slots.line
  const { line } = slotsOf(places, stage)
  return flowIn(user, stage === 'tenant' ? line : flowIn(tenant, line, tenant.weight), 1)
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

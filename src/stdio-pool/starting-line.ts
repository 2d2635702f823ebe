import { FairFlow, leaveFairLine } from '../shared/fair-line.ts'
import type { FairWaiter } from '../shared/fair-line.ts'
import type { TenantId } from '../shared/ids.ts'
import type { WorkerOwner } from './types.ts'

/**
 * What starts of workers for no tenant count, spares and shared ones together: the least of all, yet not nothing, since a
 * shared worker may have everybody waiting for it. One start of theirs for eight of each tenant.
 */
const WEIGHT_WITHOUT_TENANT = 1 / 8

/**
 * Lets a bounded number through at once; the rest wait (FR03). Whose turn it is goes round the tenants by weight, and
 * inside a tenant round its users: a tenant with hundreds of starts to make is behind itself, not ahead of others (T55).
 */
export interface StartingLine {
  /** Resolves when it is the turn of this caller, who starts a worker for `owner`. Rejects with the signal's reason if that comes first. */
  enter (owner: WorkerOwner, signal: AbortSignal): Promise<void>
  /** Frees one place. */
  leave (): void
}

/** `max` and `weightOf`, a tenant's share, are asked each time, so that a reloaded bound holds for the next in line. */
export function createStartingLine (max: () => number, weightOf: (tenant: TenantId) => number = () => 1): StartingLine {
  const line = new FairFlow()
  const flows = new OwnerFlows(line, weightOf)
  let inside = 0

  function enter (owner: WorkerOwner, signal: AbortSignal): Promise<void> {
    // An abort that has happened sends no event any more.
    if (signal.aborted) return Promise.reject(signal.reason)
    if (line.waiting === 0 && inside < max()) {
      inside += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        leaveFairLine(start)
        reject(signal.reason)
      }
      const onTurn = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const start: WaitingStart = { flow: undefined, before: undefined, behind: undefined, onTurn }
      flows.of(owner).join(start)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  function leave (): void {
    inside -= 1
    while (line.waiting > 0 && inside < max()) {
      inside += 1
      // Only starts join this line.
      ;(line.next() as WaitingStart).onTurn()
    }
  }

  return { enter, leave }
}

interface WaitingStart extends FairWaiter { readonly onTurn: () => void }

interface TenantFlow { readonly flow: FairFlow, readonly users: Map<string | undefined, FairFlow> }

/** The flows in which somebody waits, and a few in which nobody does any more. */
class OwnerFlows {
  /** So many tenants, or users of one, are kept before the idle ones are dropped: those know nothing that a new one would not. */
  static readonly #MANY = 256
  readonly #line: FairFlow
  readonly #weightOf: (tenant: TenantId) => number
  readonly #tenants = new Map<TenantId | undefined, TenantFlow>()

  constructor (line: FairFlow, weightOf: (tenant: TenantId) => number) {
    this.#line = line
    this.#weightOf = weightOf
  }

  of ({ tenant, user }: WorkerOwner): FairFlow {
    const { flow, users } = this.#tenant(tenant)
    let own = users.get(user)
    if (own === undefined) {
      if (users.size >= OwnerFlows.#MANY) for (const [name, { waiting }] of users) if (waiting === 0) users.delete(name)
      own = new FairFlow(flow)
      users.set(user, own)
    }
    return own
  }

  #tenant (tenant: TenantId | undefined): TenantFlow {
    let known = this.#tenants.get(tenant)
    const weight = tenant === undefined ? WEIGHT_WITHOUT_TENANT : this.#weightOf(tenant)
    if (known === undefined || (known.flow.waiting === 0 && known.flow.weight !== weight)) {
      if (this.#tenants.size >= OwnerFlows.#MANY) for (const [name, { flow }] of this.#tenants) if (flow.waiting === 0) this.#tenants.delete(name)
      known = { flow: new FairFlow(this.#line, weight), users: new Map() }
      this.#tenants.set(tenant, known)
    }
    return known
  }
}

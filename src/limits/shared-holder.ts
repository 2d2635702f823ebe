import { FairFlow } from '../shared/fair-line.ts'
import type { Account } from './accounts.ts'
import type { HeldSlots, SharedSlots } from './shared-counts.ts'
import { SharedLine } from './shared-line.ts'

/** A user or tenant whose slots all replicas share. */
export class SharedHolder implements Account, HeldSlots {
  forgotten = false
  /** Of calls of this process that were let in and run. */
  held = 0
  /** Calls of theirs in any line of {@link SharedLine}s. */
  waiting = 0
  /** Monotonic ms. */
  usedAtMs = 0
  /** Its slots are asserted at the next occasion. */
  isKept = false
  readonly line = new SharedLine()
  readonly slots: SharedSlots

  #inTenant: FairFlow | undefined

  constructor (slotsOf: (holder: HeldSlots) => SharedSlots) {
    this.slots = slotsOf(this)
  }

  /** Where this user's calls wait for slots of their tenant: users take turns. */
  flowIn (tenant: SharedHolder): FairFlow {
    if (this.#inTenant?.parent !== tenant.line.flow) this.#inTenant = new FairFlow(tenant.line.flow)
    return this.#inTenant
  }
}

import type { Asker, SharedVerdict } from './shared-counts.ts'
import type { LimitDecision } from './types.ts'

/** A request without slots whose windows all replicas count. */
export class SharedRequest implements Asker {
  readonly promise: Promise<LimitDecision>
  readonly #decide: (isAdmitted: boolean, place: number, left: number, resetS: number) => LimitDecision
  readonly #locally: () => LimitDecision
  #resolve: (decision: LimitDecision) => void = () => {}

  constructor (decide: (isAdmitted: boolean, place: number, left: number, resetS: number) => LimitDecision, locally: () => LimitDecision) {
    this.#decide = decide
    this.#locally = locally
    this.promise = new Promise((resolve) => { this.#resolve = resolve })
  }

  decided (verdict: SharedVerdict, place: number, left: number, resetS: number): void {
    this.#resolve(this.#decide(verdict === 'admitted', place, left, resetS))
  }

  undecided (): void { this.#resolve(this.#locally()) }
}

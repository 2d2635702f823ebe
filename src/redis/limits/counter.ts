import type { Asker, SharedCounter, SharedQuota, SharedWindow, Turn } from '../../limits/index.ts'
import type { Lane } from './lane.ts'

/** First argument of an operation, as decide.lua reads it: what it is, and how many of what it has. */
const KIND = { ask: 1, askAgain: 2, giveBack: 3 } as const
const shapeOf = (kind: number, windows: number, quotas: number, slots: number): string => String(kind + 8 * windows + 64 * quotas + 512 * slots)

/** Keys beside what they are the keys of. */
export interface CounterParts {
  readonly windowKeys: readonly string[]
  readonly quotaKeys: readonly string[]
  readonly windows: readonly SharedWindow[]
  readonly quotas: readonly SharedQuota[]
  readonly slots: ReadonlyArray<{ readonly key: string, readonly limit: number }>
}

/** One kind of request of one caller: its part of a message is made once, so that asking is copying. */
export class Counter implements SharedCounter {
  readonly keys: readonly string[]
  readonly args: readonly string[]
  /** Of a call that asks again: without how long it has waited. */
  readonly againArgs: readonly string[]
  readonly slotKeys: readonly string[]
  readonly giveBackArg: string
  readonly #lane: Lane

  constructor (lane: Lane, { windowKeys, quotaKeys, windows, quotas, slots }: CounterParts) {
    this.#lane = lane
    const limits = [
      ...windows.map(({ limit }) => String(limit)),
      ...quotas.flatMap(({ period, limit }) => [period === 'day' ? 'd' : 'm', String(limit)]),
      ...slots.map(({ limit }) => String(limit))
    ]
    this.slotKeys = slots.map(({ key }) => key)
    this.keys = [...windowKeys, ...quotaKeys, ...this.slotKeys]
    this.args = [shapeOf(KIND.ask, windows.length, quotas.length, slots.length), ...limits]
    this.againArgs = [shapeOf(KIND.askAgain, windows.length, quotas.length, slots.length), ...limits]
    this.giveBackArg = shapeOf(KIND.giveBack, 0, 0, slots.length)
  }

  ask (asker: Asker, turn?: Turn): void { this.#lane.ask(this, asker, turn) }

  release (): void { this.#lane.giveBack(this) }
}

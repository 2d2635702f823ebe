import type { Asker, Turn } from '../../limits/index.ts'
import { script } from '../script.ts'
import type { RedisReply, RedisStore } from '../types.ts'
import type { Counter } from './counter.ts'
import type { KeptSlots } from './kept-slots.ts'

const DECIDE = script('limits/decide')
/** First argument of an operation that says how many slots are held. */
const HOLD = String(4 + 512)
/** What a gateway held that was killed is free after this, in milliseconds (FR30); said again every quarter of it. */
export const LEASE_MS = 9000
/** Questions in one script, so that it takes Redis no more than a few milliseconds (FR25). */
const MAX_AT_ONCE = 64
/** Giving back is a quarter of the work. */
const MAX_GIVEN_BACK = 256
const NUMBERS_PER_ANSWER = 3

interface Question { readonly counter: Counter, readonly asker: Asker, readonly turn: Turn | undefined }

/**
 * What is asked and given back in one turn of the event loop, or while an answer is on its way, goes in one message: one at a
 * time, so that what is held is known whenever one is written. It is no queue for bad times: when a message is not answered,
 * neither are those that wait behind it.
 */
export class Lane {
  readonly #store: RedisStore
  readonly #lease: string
  #questions: Question[] = []
  #givenBack: Counter[] = []
  #asserted: KeptSlots[] = []
  #isSent = false
  #isSet = false

  readonly #thrown: (thrown: unknown) => void

  /** @param thrown told of what is a fault of the gateway's own */
  constructor (store: RedisStore, lease: string, thrown: (thrown: unknown) => void) {
    this.#store = store
    this.#lease = lease
    this.#thrown = thrown
  }

  ask (counter: Counter, asker: Asker, turn: Turn | undefined): void {
    this.#questions.push({ counter, asker, turn })
    this.#sendSoon()
  }

  giveBack (counter: Counter): void {
    this.#givenBack.push(counter)
    this.#sendSoon()
  }

  assert (slots: KeptSlots): void {
    this.#asserted.push(slots)
    this.#sendSoon()
  }

  #sendSoon (): void {
    if (this.#isSent || this.#isSet) return
    this.#isSet = true
    setImmediate(this.#send)
  }

  readonly #send = (): void => {
    this.#isSet = false
    if (this.#store.state === 'away') return this.#giveUp()
    const asked = this.#questions
    const questions = asked.length <= MAX_AT_ONCE ? asked : asked.slice(0, MAX_AT_ONCE)
    this.#questions = asked.length <= MAX_AT_ONCE ? [] : asked.slice(MAX_AT_ONCE)
    const keys: string[] = []
    const args = [this.#lease, String(LEASE_MS)]
    this.#writeHeld(keys, args)
    for (const question of questions) writeQuestion(question, keys, args)
    if (keys.length === 0) return
    this.#isSent = true
    this.#store.run(DECIDE, keys, args).then((reply) => { this.#answered(questions, reply) }, () => { this.#unanswered(questions) }).catch(this.#thrown)
  }

  /** Given back first, then what is held: it is without both what was given back and what is asked for. */
  #writeHeld (keys: string[], args: string[]): void {
    const givenBack = this.#givenBack.splice(0, MAX_GIVEN_BACK)
    for (const { slotKeys, giveBackArg } of givenBack) {
      for (const key of slotKeys) keys.push(key)
      args.push(giveBackArg)
    }
    if (this.#givenBack.length > 0) return
    for (const slots of this.#asserted.splice(0, MAX_AT_ONCE)) {
      keys.push(slots.key)
      args.push(HOLD, String(slots.held))
    }
  }

  #answered (questions: readonly Question[], reply: RedisReply): void {
    this.#isSent = false
    if (this.#questions.length > 0 || this.#givenBack.length > 0 || this.#asserted.length > 0) this.#sendSoon()
    answer(questions, reply)
  }

  #unanswered (questions: readonly Question[]): void {
    this.#isSent = false
    for (const { asker } of questions) asker.undecided()
    this.#giveUp()
  }

  /** What was given back meanwhile is right again when slots are asserted. */
  #giveUp (): void {
    const questions = this.#questions
    this.#questions = []
    this.#givenBack = []
    this.#asserted = []
    for (const { asker } of questions) asker.undecided()
  }
}

function writeQuestion ({ counter, turn }: Question, keys: string[], args: string[]): void {
  for (const key of counter.keys) keys.push(key)
  for (const arg of turn === undefined ? counter.args : counter.againArgs) args.push(arg)
  if (turn !== undefined) args.push(String(Math.round(turn.waitedMs)), String(turn.keptMs))
}

function answer (questions: readonly Question[], reply: RedisReply): void {
  const numbers = Array.isArray(reply) ? reply : []
  let at = 0
  for (const { asker } of questions) {
    const [code, left, resetS] = [numbers[at], numbers[at + 1], numbers[at + 2]]
    at += NUMBERS_PER_ANSWER
    // Another script's reply than ours would be a fault; then nobody knows.
    if (typeof code !== 'number' || typeof left !== 'number' || typeof resetS !== 'number') asker.undecided()
    else asker.decided(code < 100 ? 'admitted' : code < 200 ? 'full' : 'no_slot', code % 100, left, resetS)
  }
}

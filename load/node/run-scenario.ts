import { setTimeout as pause } from 'node:timers/promises'
import type { ToolCall } from '../calls.ts'
import { LINGER_SECONDS, usersAt, type Scenario } from '../scenarios.ts'
import { judge, type Summary } from '../summary.ts'
import { HttpClient, type Target } from './http-client.ts'
import { Tally } from './tally.ts'
import { travel, virtualUser } from './virtual-user.ts'

/** How often the number of users is brought to what the scenario wants. */
const ADJUST_EVERY_MS = 100
/** Keys that are warmed up at the same time. */
const WARM_AT_ONCE = 4

export interface RunOptions {
  readonly name: string
  readonly scenario: Scenario
  readonly target: Target
  /** User number n has key n modulo their number. */
  readonly keys: readonly string[]
  readonly calls: readonly ToolCall[]
  /** Called now and then with a line of progress. */
  readonly say: (line: string) => void
}

/**
 * Runs a scenario in this process. Each key goes through one journey first, which is not counted: starting a user's workers
 * is another question (bench row `first-call`).
 * @throws when one of those fails: nothing of what would be measured then has a meaning
 */
export async function runScenario (options: RunOptions): Promise<Summary> {
  const { name, scenario, target, say } = options
  say(`warming up: one journey for each of ${options.keys.length} keys`)
  await warmUp(options)
  const tally = new Tally()
  const startedMs = performance.now()
  const users = await crowd(options, tally, startedMs)
  return judge(tally.figures({ scenario: name, url: target.url, seconds: (performance.now() - startedMs) / 1000, users }), scenario)
}

async function warmUp ({ target, keys, calls }: RunOptions): Promise<void> {
  const waiting = [...keys.entries()]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const client = new HttpClient(target, next[1])
      const { fault } = await travel(client, calls).finally(() => client.close())
      if (fault !== undefined) throw new Error(`key ${next[0] + 1}: ${fault}`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(WARM_AT_ONCE, keys.length) }, work))
}

/** @returns the most users there were at once */
async function crowd ({ scenario, target, keys, calls, say }: RunOptions, tally: Tally, startedMs: number): Promise<number> {
  const here: AbortController[] = []
  const under: Array<Promise<void>> = []
  let most = 0
  let saidMs = startedMs
  const add = (): void => {
    const leaving = new AbortController()
    const key = keys[here.length % keys.length] ?? ''
    here.push(leaving)
    under.push(virtualUser({ target, key, calls, pauseMs: scenario.pauseMs, tally }, leaving.signal))
  }
  for (;;) {
    const nowMs = performance.now()
    const wanted = usersAt(scenario, (nowMs - startedMs) / 1000)
    if (wanted === undefined) break
    while (here.length < wanted) add()
    while (here.length > wanted) here.pop()?.abort()
    most = Math.max(most, here.length)
    if (nowMs - saidMs > 10_000) {
      saidMs = nowMs
      say(`${Math.round((nowMs - startedMs) / 1000)} s: ${here.length} users`)
    }
    await pause(ADJUST_EVERY_MS)
  }
  for (const leaving of here) leaving.abort()
  await lastOnes(under, tally)
  return most
}

/** Waits for journeys that were begun in time. One that never ends is a fault of the run. */
async function lastOnes (under: ReadonlyArray<Promise<void>>, tally: Tally): Promise<void> {
  const enough = new AbortController()
  const late = pause(LINGER_SECONDS * 1000, true, { signal: enough.signal }).catch(() => false)
  const over = Promise.all(under).then(() => false)
  if (await Promise.race([over, late])) {
    tally.fault(`journeys that were not over ${LINGER_SECONDS} s after the end`)
    tally.journey(false)
  }
  enough.abort()
}

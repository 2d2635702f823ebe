/** The checker's sixth invariant on histories made by hand: what excuses a minute with more than the limit, and what does not. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { History } from '../../chaos/checker/history.ts'
import { judge, METERED_LIMIT } from '../../chaos/checker/invariants.ts'

const MINUTE_MS = 60_000

/** How often the sixth promise is broken by so many calls in the minute from `fromMs` on. */
function violations (count: number, fromMs: number, change: (history: History) => void = () => undefined): number {
  const history = new History()
  for (let index = 0; index < count; index++) {
    const nonce = `meter.${index}`
    const startedMs = fromMs + index
    history.operations.push({ client: 'meter', era: 'modern', kind: 'metered', nonce, startedMs, endedMs: startedMs + 1, fate: 'ok', text: `meter-0 ${nonce}` })
  }
  change(history)
  judge(history, new Map(), new Map())
  assert.deepEqual(history.violations.filter(({ invariant }) => invariant !== 6), [])
  return history.violations.length
}

const slow = (fromMs: number) => (history: History): void => { history.slowMoments.push({ fromMs, toMs: fromMs + 500 }) }
const disturbed = (name: string, startedMs: number) => (history: History): void => { history.disturbances.push({ name, target: '', startedMs, healedMs: startedMs + 3000 }) }

describe('the limit that the checker holds gateways to', () => {
  const atMs = 10 * MINUTE_MS
  for (const { title, count, change, wanted } of [
    { title: 'the limit is kept', count: METERED_LIMIT, wanted: 0 },
    { title: 'one more than the limit', count: METERED_LIMIT + 1, wanted: 1 },
    { title: 'twice the limit, with a Redis too slow in that minute', count: 2 * METERED_LIMIT, change: slow(atMs + 1000), wanted: 0 },
    { title: 'twice the limit, with a Redis too slow in the minute before', count: 2 * METERED_LIMIT, change: slow(atMs - MINUTE_MS + 1000), wanted: 0 },
    { title: 'one more than twice the limit, with a Redis too slow several times', count: 2 * METERED_LIMIT + 1, change: (history: History) => { for (const ms of [0, 5000, 9000]) slow(atMs + ms)(history) }, wanted: 1 },
    { title: 'one more than the limit, with a Redis too slow two minutes earlier', count: METERED_LIMIT + 1, change: slow(atMs - 2 * MINUTE_MS), wanted: 1 },
    { title: 'one more than the limit, with a Redis too slow a minute later', count: METERED_LIMIT + 1, change: slow(atMs + 2 * MINUTE_MS), wanted: 1 },
    { title: 'twice the limit, with a replica killed in that minute', count: 2 * METERED_LIMIT, change: disturbed('kill-replica', atMs), wanted: 0 },
    { title: 'one more than the limit, with a worker killed', count: METERED_LIMIT + 1, change: disturbed('kill-worker', atMs), wanted: 1 },
    { title: 'one more than the limit, with Redis flushed long before', count: METERED_LIMIT + 1, change: disturbed('flush-redis', atMs - 2 * MINUTE_MS), wanted: 1 }
  ]) it(`${title}: ${wanted === 0 ? 'kept' : 'broken'}`, () => { assert.equal(violations(count, atMs, change), wanted) })
})

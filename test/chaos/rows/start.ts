import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestGateway } from '../../helpers/gateway.ts'
import { unruly } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'
import { atMost, between, noted, percentile } from '../figure.ts'
import type { Figure, Row } from '../figure.ts'
import { echo, opened, paced, pause, withGateway } from '../scene.ts'

const scratch = (name: string): string => join(tmpdir(), `drawbridge-chaos-${name}-${randomUUID()}`)
const linesOf = (path: string): string[] => existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []

/** FR03. */
export const slowStart: Row = {
  id: 'FR03',
  title: 'a server takes 5 s to start, for 50 first calls at once, 4 starts at a time; another never answers',
  async run ({ isQuick }) {
    return (await Promise.all([manyStarts(isQuick ? 1000 : 5000), noAnswer(isQuick ? 5000 : 30_000)])).flat()
  }
}

/** Thirteen turns of 5 s, and what Node itself needs for each. */
const ALL_STARTED_MS = 100_000

async function manyStarts (startMs: number): Promise<Figure[]> {
  const spawns = scratch('spawns')
  const entry = unruly({ env: { UNRULY_START: 'slow', UNRULY_DELAY_MS: String(startMs), UNRULY_SPAWNS: spawns }, timeoutMs: 120_000, startTimeoutMs: ALL_STARTED_MS })
  const pool = { maxWorkers: 1000, maxWorkersPerTenant: 1000, maxWorkersPerUser: 1000, maxStarting: 4 }
  try {
    return await withGateway({ users: 50, entry, config: { pool } }, async (gateway, users) => {
      const calls = await Promise.all(users.map(async (user) => {
        const startedMs = performance.now()
        const called = await opened(gateway, user, ALL_STARTED_MS).then((wire) => echo(wire, user), () => ({ outcome: 'lost' as const, ms: 0 }))
        return { ...called, ms: performance.now() - startedMs }
      }))
      const times = linesOf(spawns).map((line) => Number(line.split(' ')[1])).sort((a, b) => a - b)
      // A server that has said that it runs is still starting for as long as it takes to answer.
      const starting = times.map((time) => times.filter((other) => other <= time && other > time - startMs).length)
      return [
        atMost('starting at once', 4, Math.max(...starting)),
        atMost('lost or refused', 0, calls.filter(({ outcome }) => outcome !== 'ok').length),
        noted('wait p50', percentile(calls.map(({ ms }) => ms), 0.5), ' ms'),
        noted('wait p99', percentile(calls.map(({ ms }) => ms), 0.99), ' ms')
      ]
    })
  } finally {
    await rm(spawns, { force: true })
  }
}

async function noAnswer (startTimeoutMs: number): Promise<Figure[]> {
  return await withGateway({ users: 1, entry: unruly({ env: { UNRULY_START: 'silent' }, startTimeoutMs, timeoutMs: 120_000 }) }, async (gateway, [user = '']) => {
    const startedMs = performance.now()
    const error = await opened(gateway, user).then(() => 'opened', (thrown: unknown) => String(thrown))
    const ms = performance.now() - startedMs
    const goneMs = await until('its process is gone', () => gateway.workers().length === 0, 20_000).then(() => performance.now() - startedMs - ms, () => Infinity)
    return [
      between('a server that never answers: error after', startTimeoutMs - 1000, startTimeoutMs + 1000, ms, ' ms'),
      { what: 'its error', wanted: '50201, 50301 or 50401', measured: /50[234]01/.exec(error)?.[0] ?? error.slice(0, 80), ok: /50[234]01/.test(error) },
      atMost('its process gone', 6000, goneMs, ' ms')
    ]
  })
}

/** FR04. */
export const crashLoop: Row = {
  id: 'FR04',
  title: 'a server ends as soon as it starts: 100 calls in 10 s; then it is repaired. Then for 20 users at once',
  async run ({ isQuick }) {
    return [...await ofOneUser(isQuick ? 5000 : 10_000), ...await ofAllUsers()]
  }
}

interface Attempt { readonly text: string, readonly ms: number, readonly endedAtMs: number }

/** How long a process that ends at once is busy with it, on a busy machine. In milliseconds. */
const START_MS = 300

async function attempt (gateway: TestGateway, user: string): Promise<Attempt> {
  const wire = gateway.wire(user, 'server')
  const startedMs = performance.now()
  const text = await wire.open().then(async () => JSON.stringify(await wire.call('echo', { text: 'it works' })), (thrown: unknown) => String(thrown))
  const ms = performance.now() - startedMs
  wire.close()
  return { text, ms, endedAtMs: Date.now() }
}

async function ofOneUser (forMs: number): Promise<Figure[]> {
  const [spawns, repaired] = [scratch('spawns'), scratch('repaired')]
  const entry = unruly({ env: { UNRULY_START: 'exit', UNRULY_SPAWNS: spawns, UNRULY_FIXED: repaired } })
  try {
    return await withGateway({ users: 1, entry }, async (gateway, [user = '']) => {
      const attempts: Attempt[] = []
      await paced(forMs / 100, forMs, async () => { attempts.push(await attempt(gateway, user)) })
      const starts = linesOf(spawns).map((line) => Number(line.split(' ')[1]))
      const started = starts.length
      // Only those that found the way closed are to be quick: the others waited for a process.
      const closed = attempts.filter(({ ms, endedAtMs }) => !starts.some((atMs) => atMs > endedAtMs - ms - START_MS && atMs < endedAtMs + START_MS))
      await writeFile(repaired, '')
      const repairedMs = performance.now()
      const recoveredMs = await until('it works again', async () => (await attempt(gateway, user)).text.includes('it works'), 60_000).then(() => performance.now() - repairedMs, () => Infinity)
      return [
        atMost('starts', 8, started),
        atMost('answer p99 while open', 50, percentile(closed.map(({ ms }) => ms), 0.99), ' ms'),
        atMost('answers that quote stderr', 0, attempts.filter(({ text }) => text.includes('SECRET-IN-STDERR')).length),
        // The step that began with the last failed start.
        atMost('works after the repair', 500 * 2 ** (started - 1) + 2000, recoveredMs, ' ms')
      ]
    })
  } finally {
    await Promise.all([rm(spawns, { force: true }), rm(repaired, { force: true })])
  }
}

async function ofAllUsers (): Promise<Figure[]> {
  const [spawns, repaired] = [scratch('spawns'), scratch('repaired')]
  const entry = unruly({ env: { UNRULY_START: 'exit', UNRULY_SPAWNS: spawns, UNRULY_FIXED: repaired } })
  try {
    return await withGateway({ users: 20, entry }, async (gateway, users) => {
      for (const user of users) {
        await attempt(gateway, user)
        await pause(50)
      }
      const started = linesOf(spawns).length
      await writeFile(repaired, '')
      const repairedMs = performance.now()
      const newcomer = users.at(-1) ?? ''
      const recoveredMs = await until('it works again', async () => (await attempt(gateway, newcomer)).text.includes('it works'), 60_000).then(() => performance.now() - repairedMs, () => Infinity)
      return [atMost('starts for 20 users, one call each', 8, started), atMost('works for one who had no part in it', 3000, recoveredMs, ' ms')]
    })
  } finally {
    await Promise.all([rm(spawns, { force: true }), rm(repaired, { force: true })])
  }
}

import { once } from 'node:events'
import { spawn, type ChildProcess } from 'node:child_process'
import { freePort } from '../../helpers/free-port.ts'
import { roomyLimits } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'
import { atMost, between, noted } from '../figure.ts'
import type { Figure, Row, RunOptions } from '../figure.ts'
import { common, during, p99, refused, under } from '../replica-figures.ts'
import { fates, withReplicas, type ReplicaScene } from '../replica-scene.ts'
import { pause } from '../scene.ts'

async function degradedAfterMs (scene: ReplicaScene, wanted: 'healthy' | 'degraded'): Promise<number> {
  const startedMs = performance.now()
  const shows = async (): Promise<boolean> => {
    const healths = await Promise.all(scene.set.replicas.map(async ({ url }) => (await (await fetch(`${url}/health`)).json() as { readonly checks: { readonly redis?: { readonly status: string } } }).checks.redis?.status))
    return healths.every((status) => status === wanted)
  }
  return await until(`/health says ${wanted}`, shows, 20_000).then(() => performance.now() - startedMs, () => Infinity)
}

/** FR20. */
export const redisDown: Row = {
  id: 'FR20',
  title: 'Redis is killed and comes back, at 300 calls a second over two replicas',
  async run (options) {
    return await withReplicas({}, async (scene) => await goneAndBack(scene, options, async () => { await scene.set.redis.kill() }, async () => { await scene.set.redis.start() }, 20))
  }
}

/** FR21. */
export const redisFrozen: Row = {
  id: 'FR21',
  title: 'Redis stands still (SIGSTOP) and goes on, at 300 calls a second over two replicas',
  async run (options) {
    return await withReplicas({}, async (scene) => await goneAndBack(scene, options, async () => { scene.set.redis.freeze() }, async () => { scene.set.redis.thaw() }, 150))
  }
}

async function goneAndBack (scene: ReplicaScene, { isQuick }: RunOptions, go: () => Promise<void>, comeBack: () => Promise<void>, addedMs: number): Promise<Figure[]> {
  const [calmMs, goneMs, afterMs] = isQuick ? [3000, 5000, 4000] : [10_000, 15_000, 10_000]
  let [degradedMs, healthyMs] = [Infinity, Infinity]
  const entries = await under(scene, calmMs + goneMs + afterMs, async () => {
    await pause(calmMs)
    const startedMs = performance.now()
    await go()
    degradedMs = await degradedAfterMs(scene, 'degraded')
    await pause(Math.max(0, goneMs - (performance.now() - startedMs)))
    await comeBack()
    healthyMs = await degradedAfterMs(scene, 'healthy')
  })
  const [calm, gone, after] = [during(entries, 0, calmMs), during(entries, calmMs, calmMs + goneMs), during(entries, calmMs + goneMs + 2000, Infinity)]
  return [
    ...common(scene, entries),
    atMost('refused while it is away', 0, refused(gone)),
    noted('p99 before', p99(calm), ' ms'),
    atMost('p99 while it is away, more than before', addedMs, p99(gone) - p99(calm), ' ms'),
    atMost('/health says degraded after', 1500, degradedMs, ' ms'),
    atMost('/health says healthy after its return', 2500, healthyMs, ' ms'),
    atMost('refused from 2 s after its return on', 0, refused(after))
  ]
}

/** FR20, limits. */
export const limitsWithoutRedis: Row = {
  id: 'FR20L',
  title: 'Redis is away and one user calls far more than allowed, through both replicas',
  async run () {
    const limit = 200
    return await withReplicas({ userCount: 1, config: { mcpServers: {}, limits: { ...roomyLimits, callsPerMinute: limit } }, stickiness: 'round-robin' }, async (scene) => {
      const clients = await scene.clients('modern')
      await scene.set.redis.kill()
      await degradedAfterMs(scene, 'degraded')
      const entries = await scene.load(clients, 5, 5000)
      const allowed = entries.filter(({ fate }) => fate === 'ok').length
      return [
        noted('calls', JSON.stringify(fates(entries))),
        // Whoever has the user's workers counts, and gives half; both give theirs if the calls change hands.
        between(`allowed of ${entries.length}, at ${limit} a minute; each replica that counts gives its share`, limit / 2, limit, allowed),
        atMost('neither allowed nor refused by a limit', 0, entries.filter(({ fate, code }) => fate !== 'ok' && code !== '429').length)
      ]
    })
  }
}

/** FR23. */
export const redisFlushed: Row = {
  id: 'FR23',
  title: 'FLUSHALL every 5 s, and SCRIPT FLUSH, at 300 calls a second over two replicas',
  async run ({ isQuick }) {
    return await withReplicas({}, async (scene) => {
      const rounds = isQuick ? 2 : 6
      const entries = await under(scene, rounds * 5000 + 2000, async () => {
        for (let round = 0; round < rounds; round++) {
          await pause(4500)
          await scene.set.redis.cli('FLUSHALL')
          await scene.set.redis.cli('SCRIPT', 'FLUSH')
        }
      })
      return [...common(scene, entries), atMost('sessions that were lost', 0, entries.filter(({ code }) => code === '404').length), atMost('other refusals', 0, refused(entries)), noted('p99', p99(entries), ' ms')]
    })
  }
}

/** FR24. */
export const splitView: Row = {
  id: 'FR24',
  title: 'one of two replicas cannot reach Redis: the way stands still, then breaks',
  async run ({ isQuick }) {
    const relay = await startRelay()
    try {
      return await withReplicas({ redisUrlOf: (name, redis) => name === 'two' ? relay.to(redis.port) : redis.url, stickiness: 'round-robin' }, async (scene) => {
        const partMs = isQuick ? 5000 : 12_000
        const entries = await under(scene, partMs * 3, async () => {
          await pause(partMs)
          relay.freeze()
          await pause(partMs)
          await relay.kill()
          await pause(partMs / 2)
          await relay.start()
        })
        return [...common(scene, entries), atMost('404 for a live session', 0, entries.filter(({ code }) => code === '404').length), noted('refused, to be tried again', refused(entries)), noted('p99', p99(entries), ' ms')]
      })
    } finally {
      await relay.kill()
    }
  }
}

/** FR25. */
export const keysOfRedis: Row = {
  id: 'FR25',
  title: 'what is in Redis after some thousand calls, and what a call costs it',
  async run ({ isQuick }) {
    return await withReplicas({}, async (scene) => {
      const { redis } = scene.set
      const before = await commands(redis)
      const entries = await under(scene, isQuick ? 4000 : 15_000, async () => undefined)
      const after = await commands(redis)
      const keys = (await redis.cli('--scan')).split('\n').filter(Boolean)
      const endless: string[] = []
      let longest = 0
      for (const key of keys) {
        if (await redis.cli('TTL', key) === '-1') endless.push(key)
        longest = Math.max(longest, Number(await redis.cli('MEMORY', 'USAGE', key)) || 0)
      }
      return [
        ...common(scene, entries),
        noted('keys', keys.length),
        atMost('keys without an end', 0, endless.length),
        atMost('largest value', 262_144, longest, ' bytes'),
        noted('commands for each call, heartbeats included', (after - before) / entries.length)
      ]
    })
  }
}

async function commands (redis: ReplicaScene['set']['redis']): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await redis.cli('INFO', 'stats'))?.[1] ?? 0)
}

interface Relay {
  /** URL that leads to the port, through it. */
  to (port: number): string
  freeze (): void
  kill (): Promise<void>
  start (): Promise<void>
}

const RELAY = `
const { createServer, connect } = require('node:net')
createServer((here) => {
  const there = connect(Number(process.argv[2]), '127.0.0.1')
  here.on('error', () => there.destroy()); there.on('error', () => here.destroy())
  here.on('close', () => there.destroy()); there.on('close', () => here.destroy())
  here.pipe(there).pipe(here)
}).listen(Number(process.argv[1]), '127.0.0.1', () => console.log('ready'))`

/** A way for bytes in a process of its own. */
async function startRelay (): Promise<Relay> {
  const port = await freePort()
  let target = 0
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, ['-e', RELAY, String(port), String(target)], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  }
  return {
    to (to) {
      target = to
      // Whoever asks connects again until it is there.
      start().catch(() => undefined)
      return `redis://127.0.0.1:${port}`
    },
    freeze: () => { child?.kill('SIGSTOP') },
    async kill () {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    start
  }
}

import { execFile } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startGateway } from '../../helpers/gateway.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'
import { atMost, noted, percentile } from '../figure.ts'
import type { Row } from '../figure.ts'
import { common, p99, refused, under } from '../replica-figures.ts'
import { fates, withReplicas, type Entry, type ReplicaScene } from '../replica-scene.ts'
import { pause } from '../scene.ts'

/** FR30. */
export const replicaKilled: Row = {
  id: 'FR30',
  title: 'one of two replicas is killed and started again, behind nginx, under both eras',
  async run ({ isQuick }) {
    return await withReplicas({}, async (scene) => {
      const [calmMs, goneMs, afterMs] = isQuick ? [3000, 6000, 3000] : [10_000, 10_000, 10_000]
      let backMs = 0
      const entries = await under(scene, calmMs + goneMs + afterMs, async () => {
        const [one] = scene.set.replicas
        await pause(calmMs)
        await one?.kill()
        await pause(goneMs)
        await one?.start()
        backMs = calmMs + goneMs
      })
      const unanswered = entries.filter(({ fate }) => fate === 'lost' || fate === 'unknown')
      const inFlight = unanswered.filter(({ atMs }) => atMs < calmMs + 200)
      const firstOk = Math.min(...entries.filter(({ atMs, fate }) => atMs > calmMs && fate === 'ok').map(({ atMs, ms }) => atMs + ms - calmMs))
      const lastBad = Math.max(0, ...entries.filter(({ atMs, fate }) => atMs > calmMs && atMs < backMs && fate !== 'ok').map(({ atMs, ms }) => atMs + ms - calmMs))
      return [
        ...common(scene, entries, { mayLose: inFlight.length }),
        noted('in flight when it was killed', inFlight.length),
        atMost('calls sent afterwards that were lost or may have run', 0, unanswered.length - inFlight.length),
        atMost('first answer after the kill', 2000, firstOk, ' ms'),
        noted('last answer that was not the wanted one, after the kill', lastBad, ' ms')
      ]
    })
  }
}

/** FR31. */
export const rollingRestart: Row = {
  id: 'FR31',
  title: 'both replicas are restarted in turn (TERM), behind nginx, under both eras',
  async run ({ isQuick }) {
    return await withReplicas({}, async (scene) => {
      const rounds = isQuick ? 1 : 5
      const codes: Array<number | null> = []
      const drainsMs: number[] = []
      let isOver = false
      const entries = await under(scene, Infinity, async () => {
        await pause(2000)
        for (let round = 0; round < rounds; round++) {
          for (const replica of scene.set.replicas) {
            const startedMs = performance.now()
            codes.push(await replica.stop())
            drainsMs.push(performance.now() - startedMs)
            await replica.start()
            await pause(2000)
          }
        }
        isOver = true
      }, () => isOver)
      return [
        ...common(scene, entries),
        atMost('other exit codes than 0', 0, codes.filter((code) => code !== 0).length),
        atMost('longest drain', 30_000, Math.max(...drainsMs), ' ms'),
        noted('sessions that had to initialize anew', entries.filter(({ code }) => code === '404').length),
        noted('refused', refused(entries)),
        noted('p99', p99(entries), ' ms')
      ]
    })
  }
}

/** FR32. */
export const nginxReloads: Row = {
  id: 'FR32',
  title: 'nginx reloads its configuration every 2 s, under calls and 50 open streams',
  async run ({ isQuick }) {
    // A reload closes idle connections of clients while they send: whoever keeps theirs has to try again, as HTTP says.
    return await withReplicas({ userCount: 25, keepsConnections: false }, async (scene) => {
      const streams = await Promise.all(scene.users.flatMap((user) => [0, 1].map(async () => {
        const wire = scene.set.wire(user, 'server')
        await wire.open()
        return await wire.listen()
      })))
      const rounds = isQuick ? 4 : 20
      const entries = await under(scene, rounds * 2000 + 1000, async () => {
        for (let round = 0; round < rounds; round++) {
          await scene.set.nginx.reload()
          await pause(2000)
        }
      })
      const ended = await Promise.race([Promise.all(streams.map(async (stream) => { await stream.ended })).then(() => streams.length), pause(100).then(() => undefined)])
      const cut = ended ?? await countEnded(streams.map(({ ended: over }) => over))
      for (const stream of streams) stream.cut()
      return [...common(scene, entries), atMost('streams that were cut', 0, cut), atMost('refused', 0, refused(entries))]
    })
  }
}

async function countEnded (all: ReadonlyArray<Promise<unknown>>): Promise<number> {
  const marks = await Promise.all(all.map(async (one) => await Promise.race([one.then(() => true), pause(10).then(() => false)])))
  return marks.filter(Boolean).length
}

/** FR33. */
export const keepAliveRace: Row = {
  id: 'FR33',
  title: 'nginx reuses connections just as they have been idle as long as it keeps them (6 s instead of 60)',
  async run ({ isQuick }) {
    return await withReplicas({ userCount: 50, keepAliveMs: 6000 }, async (scene) => {
      const clients = await scene.clients('modern')
      const all: Entry[] = []
      await scene.load(clients, 20, 1500)
      for (let round = 0; round < (isQuick ? 2 : 9); round++) {
        all.push(...await scene.load(clients, 0.4, 20))
        await pause(5980)
      }
      return [noted('calls', JSON.stringify(fates(all))), atMost('502 and broken connections', 0, all.filter(({ code, fate }) => code === '502' || fate === 'lost').length)]
    })
  }
}

/** FR34. */
export const fewDescriptors: Row = {
  id: 'FR34',
  title: 'a gateway with 512 file descriptors gets 2,000 connections that say nothing',
  async run () {
    const gateway = await startGateway({ config: { mcpServers: { server: probe({ isolation: 'shared' }) }, limits: roomyLimits } })
    await promisify(execFile)('prlimit', ['--pid', String(gateway.pid), '--nofile=512:512'])
    const sockets: Socket[] = []
    try {
      const wire = gateway.wire('alice', 'server')
      await wire.open()
      const { hostname, port } = new URL(gateway.url)
      for (let index = 0; index < 2000; index++) {
        const socket = connect(Number(port), hostname)
        socket.on('error', () => undefined)
        sockets.push(socket)
      }
      await pause(1500)
      const meanwhile = await Promise.race([wire.call('echo', { text: 'x' }).then(() => 'answered', (error: unknown) => String(error).slice(0, 60)), pause(3000).then(() => 'no answer in 3 s')])
      for (const socket of sockets) socket.destroy()
      const startedMs = performance.now()
      const after = gateway.wire('alice', 'server')
      const recoveredMs = await until('a new session', async () => await after.open().then(() => true, () => false), 20_000).then(() => performance.now() - startedMs, () => Infinity)
      return [noted('a call on a connection of before', meanwhile), atMost('the gateway has ended', 0, gateway.logs().some(({ event }) => event === 'stopped') ? 1 : 0), atMost('a new session after the release', 2000, recoveredMs, ' ms')]
    } finally {
      for (const socket of sockets) socket.destroy()
      await gateway.stop()
    }
  }
}

/** FR36. */
export const clockSteps: Row = {
  id: 'FR36',
  title: 'the wall clock of one of two replicas is an hour late, the other\'s is right',
  async run ({ isQuick }) {
    const script = 'const now = Date.now; const late = process.env.DRAWBRIDGE_REPLICA === "two" ? 3600000 : 0; Date.now = () => now() - late'
    const preload = `data:text/javascript;base64,${Buffer.from(script).toString('base64')}`
    const limit = 300
    return await withReplicas({ userCount: 6, env: { NODE_OPTIONS: `--import=${preload}` }, stickiness: 'round-robin', config: { mcpServers: {}, limits: { ...roomyLimits, callsPerMinute: limit } } }, async (scene) => {
      const clients = await scene.clients('modern')
      const entries = await scene.load(clients, 2.5, isQuick ? 6000 : 15_000)
      const perUser = scene.users.map((user) => entries.filter((entry) => entry.user === user && entry.fate === 'ok').length)
      const isOver = entries.length / scene.users.length > limit
      return [...common(scene, entries), atMost('allowed in a window, of one user', limit, Math.max(...perUser)), noted('calls sent of each user', Math.round(entries.length / scene.users.length)), atMost('refused though within the limit', 0, isOver ? 0 : refused(entries))]
    })
  }
}

/** FR44. */
export const reloads: Row = {
  id: 'FR44',
  title: 'the configuration is replaced 100 times, by good, faulty, huge and half files, at 200 calls a second',
  async run ({ isQuick }) {
    return await withReplicas({}, async (scene) => {
      const rounds = isQuick ? 12 : 100
      const timesMs: number[] = []
      let isOver = false
      const entries = await under(scene, Infinity, async () => {
        const files = await Promise.all(scene.set.replicas.map(async ({ gateway }) => {
          const path = join(gateway.dir, 'gateway.json')
          return { path, gateway, file: JSON.parse(await readFile(path, 'utf8')) as Record<string, Record<string, unknown>> }
        }))
        for (let round = 0; round < rounds; round++) await Promise.all(files.map(async ({ path, gateway, file }) => { timesMs.push(await replaced(path, file, round, gateway)) }))
        isOver = true
      }, () => isOver)
      const bad = scene.set.replicas.flatMap(({ gateway }) => gateway.logs().filter(({ event }) => event === 'config_reloaded')).filter((line) => (line['servers_removed'] as string[]).includes('server')).length
      return [...common(scene, entries), atMost('refused', 0, refused(entries)), atMost('faulty configurations that served', 0, bad), noted('reload p99, from the write on', percentile(timesMs, 0.99), ' ms'), noted('p99 of calls', p99(entries), ' ms')]
    })
  }
}

async function replaced (path: string, file: Readonly<Record<string, Record<string, unknown>>>, round: number, gateway: ReplicaScene['set']['replicas'][number]['gateway']): Promise<number> {
  const servers = file['mcpServers'] ?? {}
  const good = JSON.stringify({ ...file, mcpServers: { ...servers, [`extra${round}`]: servers['server'] } })
  const texts = [good, '{ "mcpServers": {', `{ "mcpServers": {}, "x-filler": "${'x'.repeat(10_000_000)}" }`, good.slice(0, 100)]
  const kind = round % texts.length
  const event = kind === 0 ? 'config_reloaded' : 'config_refused'
  const count = (): number => gateway.logs().filter((line) => line['event'] === event).length
  const before = count()
  const startedMs = performance.now()
  await writeFile(`${path}.new`, texts[kind] ?? '')
  await rename(`${path}.new`, path)
  await until(event, () => count() > before, 15_000)
  return performance.now() - startedMs
}

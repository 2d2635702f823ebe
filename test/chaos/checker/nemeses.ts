import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pick } from '../../helpers/random.ts'
import type { ReplicaSet } from '../../helpers/replicas.ts'
import type { ChaosUpstream } from '../upstream.ts'
import type { History } from './history.ts'

/** What nemeses are done to. */
export interface Victims {
  readonly set: ReplicaSet
  readonly upstream: ChaosUpstream
  /** File that says by how many milliseconds the replicas' wall clocks are wrong. */
  readonly clockFile: string
}

/** One kind of trouble: begins, and gives back what ends it. */
interface Nemesis {
  /** Whom it is for; drawn before anything happens, so that a seed draws alike whatever the machine does. */
  begin (victims: Victims, random: () => number): Promise<{ readonly target: string, heal (): Promise<void> }>
}

/** Longest freeze or outage. In milliseconds. */
const TROUBLE_MS = 3500
/** One begins each so many milliseconds. */
const EVERY_MS = 5000

const nothing = async (): Promise<void> => { await Promise.resolve() }

const onWorker = (signal: 'SIGKILL' | 'SIGSTOP'): Nemesis => ({
  async begin ({ set }, random) {
    const [replica, which] = [pick(random, set.replicas), random()]
    const workers = replica.gateway.workers()
    const worker = workers[Math.floor(which * workers.length)]
    if (worker === undefined) return { target: `of ${replica.name}: there is none`, heal: nothing }
    signalTo(worker.pid, signal)
    return await Promise.resolve({ target: `${worker.pid} of ${replica.name}`, heal: async () => { await Promise.resolve(signalTo(worker.pid, 'SIGCONT')) } })
  }
})

const upstreamMode = (mode: '503' | 'forget' | 'silent'): Nemesis => ({
  async begin ({ upstream }) {
    await upstream.mode(mode)
    return { target: '', heal: async () => { await upstream.mode('ok') } }
  }
})

/** By name; the order is part of what a seed draws. */
export const NEMESES: Readonly<Record<string, Nemesis>> = {
  'kill-worker': onWorker('SIGKILL'),
  'stop-worker': onWorker('SIGSTOP'),
  'kill-replica': {
    async begin ({ set }, random) {
      const replica = pick(random, set.replicas)
      await replica.kill()
      return { target: replica.name, heal: async () => { await replica.start() } }
    }
  },
  'stop-replica': {
    async begin ({ set }, random) {
      const replica = pick(random, set.replicas)
      replica.gateway.kill('SIGSTOP')
      return await Promise.resolve({ target: replica.name, heal: async () => { await Promise.resolve(replica.gateway.kill('SIGCONT')) } })
    }
  },
  'kill-redis': {
    async begin ({ set }) {
      await set.redis.kill()
      return { target: '', heal: async () => { await set.redis.start() } }
    }
  },
  'stop-redis': {
    async begin ({ set }) {
      set.redis.freeze()
      return await Promise.resolve({ target: '', heal: async () => { await Promise.resolve(set.redis.thaw()) } })
    }
  },
  'flush-redis': {
    async begin ({ set }) {
      await set.redis.cli('flushall')
      return { target: '', heal: nothing }
    }
  },
  'reload-nginx': {
    async begin ({ set }) {
      await set.nginx.reload()
      return { target: '', heal: nothing }
    }
  },
  'reload-config': {
    async begin ({ set }, random) {
      const fillers = set.replicas.map(() => random())
      await Promise.all(set.replicas.map(async ({ gateway }, index) => { await rewritten(join(gateway.dir, 'gateway.json'), fillers[index] ?? 0) }))
      return { target: '', heal: nothing }
    }
  },
  'upstream-503': upstreamMode('503'),
  'upstream-404': upstreamMode('forget'),
  'upstream-silent': upstreamMode('silent'),
  'step-clock': {
    async begin ({ clockFile }, random) {
      const stepMs = random() < 0.5 ? -3_600_000 : 3_600_000
      await writeFile(clockFile, String(stepMs))
      return { target: `by ${stepMs} ms`, heal: async () => { await writeFile(clockFile, '0') } }
    }
  }
}

/** Draws one for every five seconds and lets it go on for a while, until the time is over. All is healed when it resolves. */
export async function runNemeses (victims: Victims, history: History, names: readonly string[], random: () => number, forMs: number): Promise<void> {
  const endMs = history.now() + forMs
  for (let nextMs = history.now() + EVERY_MS; names.length > 0 && nextMs + TROUBLE_MS < endMs; nextMs += EVERY_MS) {
    await pause(Math.max(0, nextMs - history.now()))
    const name = pick(random, names)
    const disturbance: History['disturbances'][number] = { name, target: '', startedMs: history.now() }
    history.disturbances.push(disturbance)
    const { target, heal } = await (NEMESES[name] as Nemesis).begin(victims, random)
    Object.assign(disturbance, { target })
    await pause(TROUBLE_MS * (0.5 + random() / 2))
    await heal()
    disturbance.healedMs = history.now()
  }
  await pause(Math.max(0, endMs - history.now()))
}

/** A worker that has gone needs no signal. */
function signalTo (pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {}
}

/** The same configuration in other words: another snapshot, which serves alike. */
async function rewritten (path: string, filler: number): Promise<void> {
  const file = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  await writeFile(`${path}.new`, JSON.stringify({ ...file, 'x-filler': filler, drainMs: 20_000 + Math.floor(filler * 1000) }))
  await rename(`${path}.new`, path)
}

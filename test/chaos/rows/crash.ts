import { until } from '../../helpers/until.ts'
import { textOf } from '../../helpers/legacy-wire.ts'
import type { LegacyWire } from '../../helpers/legacy-wire.ts'
import { probe } from '../../helpers/server-entries.ts'
import { atMost, noted, percentile } from '../figure.ts'
import type { Row } from '../figure.ts'
import { echo, opened, paced, withGateway } from '../scene.ts'
import type { Called } from '../scene.ts'

interface Client {
  readonly wire: LegacyWire
  pid: number
  inFlight: number
  /** Monotonic ms of the last kill that has not been recovered from; 0 = none. */
  killedAtMs: number
  readonly recoveriesMs: number[]
}

/** FR01. */
export const crash: Row = {
  id: 'FR01',
  title: 'workers are killed in the middle of calls: 20 sessions, 10 calls a second each, a kill every 2 s',
  run: ({ isQuick }) => withGateway({ users: 20, entry: probe() }, async (gateway, users) => {
    const clients: Client[] = await Promise.all(users.map(async (user) => {
      const wire = await opened(gateway, user)
      return { wire, pid: Number(JSON.parse(textOf(await wire.call('get'))).pid), inFlight: 0, killedAtMs: 0, recoveriesMs: [] }
    }))
    await load(clients, 2000)
    const base = await load(clients, isQuick ? 3000 : 5000)
    const state = { kills: 0, mostInFlight: 0 }
    const killing = setInterval(() => kill(clients, state), 2000)
    const calls = await load(clients, isQuick ? 10_000 : 40_000, state).finally(() => clearInterval(killing))
    await until('everybody is back', async () => (await Promise.all(clients.map(({ wire }) => echo(wire, 'back')))).every(({ outcome }) => outcome === 'ok'), 20_000)
    const count = (outcome: string): number => calls.filter((call) => call.outcome === outcome).length
    const others = calls.filter(({ isVictim }) => !isVictim).map(({ ms }) => ms)
    const baseMs = percentile(base.map(({ ms }) => ms), 0.99)
    return [
      noted('calls, kills', `${calls.length}, ${state.kills}`),
      atMost('lost', 0, count('lost')),
      atMost('somebody else\'s answer', 0, count('mix')),
      atMost(`unknown (50201), kills by ${state.mostInFlight} in flight`, state.kills * state.mostInFlight, count('50201')),
      // Whoever is hit for the third time within a minute waits, as after failed starts (FR04).
      noted('refused and not run (50301)', count('50301')),
      atMost('other errors', 0, calls.length - count('ok') - count('50201') - count('50301') - count('lost') - count('mix')),
      atMost('recovery p99', 2000, percentile(clients.flatMap(({ recoveriesMs }) => recoveriesMs), 0.99), ' ms'),
      atMost(`others' p99, 1.5 of ${baseMs.toFixed(0)} ms`, baseMs * 1.5, percentile(others, 0.99), ' ms')
    ]
  })
}

type VictimCalled = Called & { readonly isVictim: boolean }

async function load (clients: readonly Client[], forMs: number, state = { mostInFlight: 0 }): Promise<VictimCalled[]> {
  const calls: VictimCalled[] = []
  await Promise.all(clients.map((client, number) => paced(100, forMs, async (index) => {
    const isVictim = client.killedAtMs > 0
    client.inFlight++
    state.mostInFlight = Math.max(state.mostInFlight, client.inFlight)
    const startedMs = performance.now()
    const called = await echo(client.wire, `${number}-${index}-${Math.random()}`, { delayMs: 20 }, 10_000)
    client.inFlight--
    calls.push({ ...called, isVictim: isVictim || client.killedAtMs > 0 })
    if (called.outcome === 'ok' && client.killedAtMs > 0 && startedMs > client.killedAtMs) {
      client.recoveriesMs.push(performance.now() - client.killedAtMs)
      client.killedAtMs = 0
      client.pid = Number(JSON.parse(textOf(await client.wire.call('get'))).pid)
    }
  })))
  return calls
}

function kill (clients: readonly Client[], state: { kills: number }): void {
  const able = clients.filter(({ killedAtMs }) => killedAtMs === 0)
  const victim = able[Math.floor(Math.random() * able.length)]
  if (victim === undefined) return
  victim.killedAtMs = performance.now()
  state.kills += 1
  process.kill(victim.pid, 'SIGKILL')
}

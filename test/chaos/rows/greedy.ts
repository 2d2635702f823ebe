import { fileURLToPath } from 'node:url'
import { textOf } from '../../helpers/legacy-wire.ts'
import { atMost, noted, percentile } from '../figure.ts'
import type { Row } from '../figure.ts'
import { echo, MB, opened, timed, watchMemory, withGateway } from '../scene.ts'
import type { Called } from '../scene.ts'

const GREEDY = fileURLToPath(new URL('../greedy-server.mjs', import.meta.url))

/** FR05. */
export const greedy: Row = {
  id: 'FR05',
  title: 'a worker takes 4 GB of 256 MiB, another spins with 2 threads on one CPU, a third forks without end',
  run: ({ isQuick }) => withGateway({ users: 4, entry: { command: process.execPath, args: [GREEDY], timeoutMs: 20_000, sandbox: { level: 'auto', memoryMb: 256, cpu: 1, pids: 64 } } }, async (gateway, users) => {
    const wires = await Promise.all(users.map((user) => opened(gateway, user)))
    const [eater, spinner, forker, neighbour] = wires
    if (eater === undefined || spinner === undefined || forker === undefined || neighbour === undefined) throw new Error('four users')
    const baseMs = percentile((await calls(neighbour, 3000)).map(({ ms }) => ms), 0.99)
    const memory = watchMemory(gateway.pid)
    const spinning = spinner.call('spin', { threads: 2, forMs: isQuick ? 3000 : 8000 })
    const forks = forker.call('fork', { count: 500 })
    const eaten = timed(eater.call('eat', { megabytes: 4096 }), () => true)
    const beside = await calls(neighbour, isQuick ? 3000 : 8000)
    const eating = await eaten
    const forked = Number(textOf(await forks))
    await spinning
    const again = await echo(eater, 'again')
    return [
      { what: 'the call that takes too much', wanted: 'an error', measured: eating.outcome, ok: eating.outcome !== 'ok' && eating.outcome !== 'lost' },
      atMost('processes that one worker could start', 64, forked),
      atMost('memory of the gateway', 20, memory.stop().grownBytes / MB, ' MiB more'),
      atMost('errors of a neighbour', 0, beside.filter(({ outcome }) => outcome !== 'ok').length),
      atMost(`a neighbour's p99, 2 of ${baseMs.toFixed(1)} ms`, baseMs * 2, percentile(beside.map(({ ms }) => ms), 0.99), ' ms'),
      noted('the same worker\'s next call', again.outcome)
    ]
  })
}

async function calls (wire: Parameters<typeof echo>[0], forMs: number): Promise<Called[]> {
  const made: Called[] = []
  for (const startedMs = performance.now(); performance.now() - startedMs < forMs;) made.push(await echo(wire, 'beside', { delayMs: 5 }))
  return made
}

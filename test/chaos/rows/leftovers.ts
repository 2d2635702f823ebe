import { fileURLToPath } from 'node:url'
import { until } from '../../helpers/until.ts'
import type { TestGateway } from '../../helpers/gateway.ts'
import { behindShell, unruly } from '../../helpers/server-entries.ts'
import { atMost } from '../figure.ts'
import type { Figure, Row } from '../figure.ts'
import { inLanes, opened, withGateway } from '../scene.ts'

const DAEMON = fileURLToPath(new URL('../../fixtures/stdio-servers/leaves-daemon.mjs', import.meta.url))

/** T44. */
export const leftovers: Row = {
  id: 'T44',
  title: 'servers that ignore the end of stdin and TERM, behind a shell, over 200 sessions; servers that leave daemons; the gateway is killed',
  async run ({ isQuick }) {
    const stubborn = { ...behindShell(unruly({ env: { UNRULY_START: 'stubborn' } })), isolation: 'session' }
    const daemons = { command: process.execPath, args: [DAEMON], env: { LEAVES_STUBBORN: '1' }, isolation: 'session' }
    return [
      ...await sessions('stubborn servers', stubborn, isQuick ? 50 : 200),
      ...await sessions('daemons', daemons, isQuick ? 10 : 40),
      ...await killed(daemons)
    ]
  }
}

const gone = async (gateway: TestGateway): Promise<number> => {
  const startedMs = performance.now()
  return await until('nothing is left', () => gateway.workers().length === 0, 30_000).then(() => performance.now() - startedMs, () => Infinity)
}

async function sessions (what: string, entry: Readonly<Record<string, unknown>>, count: number): Promise<Figure[]> {
  return await withGateway({ users: 10, entry, config: { sessions: { maxPerUser: 400 } } }, async (gateway, users) => {
    await inLanes(count, 10, async (index) => {
      const wire = await opened(gateway, users[index % users.length] ?? '')
      await wire.end()
      wire.close()
    })
    return [atMost(`${what}: nothing left after ${count} sessions`, 10_000, await gone(gateway), ' ms')]
  })
}

async function killed (entry: Readonly<Record<string, unknown>>): Promise<Figure[]> {
  return await withGateway({ users: 5, entry }, async (gateway, users) => {
    await Promise.all(users.map((user) => opened(gateway, user)))
    gateway.kill('SIGKILL')
    await gateway.exited
    return [atMost('daemons: nothing left after the gateway was killed', 10_000, await gone(gateway), ' ms')]
  })
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { watchServerLevels } from '../../plugins/server-levels.ts'
import { brandAs, type ServerName } from '../../src/shared/ids.ts'
import { createTelemetry } from '../../src/telemetry/index.ts'

const name = (text: string): ServerName => brandAs<ServerName>(text)
const [stays, goes] = [name('stays'), name('goes')]

/** Two servers with a spare each, of which a reload drops one. */
function watched (t: TestContext) {
  const telemetry = createTelemetry({ version: '0.0.0-test', servers: ['stays', 'goes'] })
  t.after(() => { telemetry.close() })
  const servers = new Map([[stays, {}], [goes, {}]])
  const running = new Map([[stays, 2], [goes, 1]])
  const open = new Map([[goes, { legacy: 1, modern: 0 }]])
  watchServerLevels({
    telemetry,
    now: () => ({ servers: servers as never }),
    gateway: {
      connectionCounts: () => open,
      spares (server) {
        assert.ok(servers.has(server), `nobody knows ${server} any more`)
        return { wanted: 2, ready: 1 }
      }
    },
    pool: { stats: () => ({ running: 3, starting: 0, byServer: running }) }
  })
  const levelsOf = async (server: string): Promise<string[]> => (await telemetry.expose()).split('\n')
    .filter((line) => line.includes(`server="${server}"`) && /^drawbridge_(?:spares_\w+|workers_running|connections_open|circuit_open)\{/.test(line))
    .map((line) => line.replace(/^drawbridge_/, '').replace(`server="${server}"`, '').replace('{}', ''))
  return { telemetry, servers, running, open, levelsOf }
}

const WHOLE = ['connections_open{,era="legacy"} 1', 'connections_open{,era="modern"} 0', 'workers_running 1', 'spares_wanted 2', 'spares_ready 1', 'circuit_open 1']

describe('levels of servers', () => {
  it('of one that was dropped end with what still runs of it, and begin anew when it is back', async (t) => {
    const { telemetry, servers, running, open, levelsOf } = watched(t)
    telemetry.level('circuit_open', { server: 'goes' }).set(1)
    assert.deepEqual((await levelsOf('goes')).sort(), [...WHOLE].sort())
    const others = await levelsOf('stays')

    servers.delete(goes)
    assert.deepEqual((await levelsOf('goes')).sort(), WHOLE.slice(0, 3).sort(), 'no spares, and no circuit')
    running.delete(goes)
    assert.equal((await levelsOf('goes')).length, 3)
    open.delete(goes)
    assert.deepEqual(await levelsOf('goes'), [])
    assert.deepEqual(await levelsOf('stays'), others)

    servers.set(goes, {})
    assert.deepEqual((await levelsOf('goes')).filter((line) => line.startsWith('spares')), ['spares_wanted 2', 'spares_ready 1'])
  })
})

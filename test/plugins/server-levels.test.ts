import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { watchServerLevels } from '../../plugins/server-levels.ts'
import { upstreamEvents } from '../../plugins/upstream-events.ts'
import { brandAs, type ServerName } from '../../src/shared/ids.ts'
import type { ServerSettings } from '../../src/shared/settings/server.ts'
import { createTelemetry } from '../../src/telemetry/index.ts'
import { ServerHealths } from '../../src/upstream/health/server-healths.ts'
import { serverSettings } from '../helpers/server-settings.ts'

const name = (text: string): ServerName => brandAs<ServerName>(text)
const [stays, goes] = [name('stays'), name('goes')]

/** An entry over HTTP whose circuit two failures open. */
const entry = (server: ServerName, entryHash: string): ServerSettings => serverSettings({ name: server, entryHash, transport: 'http', breaker: { calls: 2, windowMs: 60_000, failedPercent: 100, openMs: 1000, maxOpenMs: 1000 } })

/** Two servers with a spare each, of which a reload drops one. */
function watched (t: TestContext) {
  const telemetry = createTelemetry({ version: '0.0.0-test', servers: ['stays', 'goes'] })
  t.after(() => { telemetry.close() })
  const clock = { ms: 0 }
  const logger = { warn () {}, info () {} } as never
  const healths = new ServerHealths({ nowMs: () => clock.ms, onThrown: assert.ifError, onBack () {}, events: upstreamEvents(telemetry, logger) })
  t.after(() => { healths.close() })
  const servers = new Map([[stays, entry(stays, '1')], [goes, entry(goes, '1')]])
  const running = new Map([[stays, 2], [goes, 1]])
  const open = new Map([[goes, { legacy: 1, modern: 0 }]])
  watchServerLevels({
    telemetry,
    now: () => ({ servers: servers as never }),
    gateway: {
      connectionCounts: () => open,
      isCircuitOpen: (server) => healths.isOpen(servers.get(server) as ServerSettings),
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
  /** What is told of the circuit of the server that goes: 1, 0 or nothing. */
  const circuit = async (): Promise<string | undefined> => (await levelsOf('goes')).find((line) => line.startsWith('circuit_open'))?.slice(-1)
  return { telemetry, clock, healths, servers, running, open, levelsOf, circuit }
}

const WHOLE = ['connections_open{,era="legacy"} 1', 'connections_open{,era="modern"} 0', 'workers_running 1', 'spares_wanted 2', 'spares_ready 1', 'circuit_open 1']

describe('levels of servers', () => {
  it('of one that was dropped end with what still runs of it, and begin anew when it is back', async (t) => {
    const { healths, servers, running, open, levelsOf } = watched(t)
    for (let n = 0; n < 2; n++) healths.of(entry(goes, '1')).health.failed()
    assert.deepEqual((await levelsOf('goes')).sort(), [...WHOLE].sort())
    const others = await levelsOf('stays')

    servers.delete(goes)
    assert.deepEqual((await levelsOf('goes')).sort(), WHOLE.slice(0, 3).sort(), 'no spares, and no circuit')
    running.delete(goes)
    assert.equal((await levelsOf('goes')).length, 3)
    open.delete(goes)
    assert.deepEqual(await levelsOf('goes'), [])
    assert.deepEqual(await levelsOf('stays'), others)

    servers.set(goes, entry(goes, '2'))
    assert.deepEqual((await levelsOf('goes')).filter((line) => line.startsWith('spares')), ['spares_wanted 2', 'spares_ready 1'])
  })

  it('a circuit is the configured entry\'s: what becomes of a dropped or a changed one is told of nobody, and one that is back is as open as it was', async (t) => {
    const { clock, healths, servers, running, open, circuit } = watched(t)
    assert.equal(await circuit(), undefined, 'nobody has asked anything of it yet')
    const { health } = healths.of(entry(goes, '1'))
    assert.equal(await circuit(), '0')
    health.failed()
    health.failed()
    assert.equal(await circuit(), '1')

    servers.delete(goes)
    running.delete(goes)
    open.delete(goes)
    assert.equal(await circuit(), undefined)
    clock.ms += 1000
    assert.equal(health.state, 'half_open', 'the one that was dropped goes on by its timer')
    assert.equal(await circuit(), undefined)

    servers.set(goes, entry(goes, '1'))
    assert.equal(await circuit(), '1', 'its calls are refused still')
    servers.set(goes, entry(goes, '2'))
    assert.equal(await circuit(), undefined)
    healths.of(entry(goes, '2'))
    assert.equal(await circuit(), '0')
    assert.equal(health.mayOpen(), 'probe')
    health.probed(false)
    assert.deepEqual([health.state, await circuit()], ['open', '0'])
  })
})

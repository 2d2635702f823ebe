import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { missing } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { actions } from './client-actions.ts'
import type { Through } from './client-driver.ts'
import { requirements, shortcoming } from './expectations.ts'
import { startRelay, type Relay } from './relay.ts'
import { runSuite } from './runner.ts'

const driver = fileURLToPath(new URL('client-driver.ts', import.meta.url))
const revisions = ['2025-11-25', '2026-07-28'] as const
const eras = ['legacy', 'modern'] as const

/** A scenario of a revision, for a client of an era; and the gateway's name for the server of it. */
interface Cell {
  readonly revision: typeof revisions[number]
  readonly era: typeof eras[number]
  readonly scenario: string
  readonly server: string
}

/** Every scenario that is not about authorization. */
const cells: readonly Cell[] = missing('clients') !== false
  ? []
  : revisions.flatMap((revision) => {
    const { required, unscored } = requirements(revision, 'client')
    const scenarios = [...required, ...unscored].filter((name) => !name.startsWith('auth/'))
    return eras.flatMap((era) => scenarios.map((scenario) => ({ revision, era, scenario, server: `${era}-${scenario}`.replaceAll('_', '-').slice(0, 20) + revision.slice(0, 4) })))
  })

/** The suite's modern servers answer `initialize` as well, half; so for a legacy client the gateway has to be told. */
const eraOf = ({ revision, era }: Cell): string => revision === '2026-07-28' && era === 'legacy' ? 'modern' : 'auto'

describe('the suite\'s client scenarios judge how the gateway speaks to servers', { skip: missing('clients'), concurrency: 2 }, () => {
  let gateway: TestGateway
  let relays: ReadonlyMap<Cell, Relay>
  before(async () => {
    relays = new Map(await Promise.all(cells.map(async (cell) => [cell, await startRelay()] as const)))
    const mcpServers = Object.fromEntries([...relays].map(([cell, { url }]) => [cell.server, { type: 'http', url, allowPrivateNetwork: true, era: eraOf(cell) }]))
    gateway = await startGateway({ config: { mcpServers, limits: roomyLimits } })
  })
  after(async () => {
    await gateway.stop()
    await Promise.all([...relays.values()].map((relay) => relay.close()))
  })

  for (const cell of cells) {
    it(`${cell.scenario} of ${cell.revision}, for a ${cell.era} client`, async () => {
      const through: Through = { endpoint: `${gateway.url}/servers/${cell.server}/mcp`, headers: { ...gateway.keyOf('alice').bearer }, relay: relays.get(cell)?.control ?? '' }
      const command = `${process.execPath} ${driver} --era ${cell.era} --through ${encodeURIComponent(JSON.stringify(through))}`
      const run = await runSuite(['client', '--command', command, '--scenario', cell.scenario, '--spec-version', cell.revision])
      assert.equal(shortcoming(run, cell.scenario), undefined, run.output.slice(-6000))
    })
  }

  it('there are some', () => {
    assert.deepEqual([...new Set(cells.map((cell) => cell.scenario))].sort(), Object.keys(actions).sort())
    assert.equal(new Set(cells.map((cell) => cell.server)).size, cells.length)
  })
})

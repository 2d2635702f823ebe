import { after, before, describe } from 'node:test'
import { missing } from '../helpers/programs.ts'
import { startBearerShim, type BearerShim } from './bearer-shim.ts'
import { startHttpFixture, type FixtureMode, type HttpFixture } from './fixture.ts'
import { legacySets, modernSet, testSet, type ServerSet } from './server-sets.ts'

/** What the gateway is tested with has to be right itself, or its faults would be taken for the gateway's. */
describe('the fixture, without a gateway', { skip: missing('clients'), concurrency: 3 }, () => {
  if (missing('clients') !== false) return
  testMode('dual', [...legacySets(), modernSet()])
  testMode('legacy', legacySets())
  // And the listener that the gateway is tested through changes nothing of it.
  testMode('modern', [modernSet()], true)
})

function testMode (mode: FixtureMode, sets: readonly ServerSet[], shimmed = false): void {
  describe(mode, { concurrency: 1 }, () => {
    let fixture: HttpFixture
    let shim: BearerShim | undefined
    before(async () => {
      fixture = await startHttpFixture(mode)
      if (shimmed) shim = await startBearerShim(fixture.url, 'Bearer unused')
    })
    after(async () => {
      await shim?.close()
      await fixture.stop()
    })
    for (const set of sets) testSet(mode, set, () => shim === undefined ? fixture.url : `${shim.url}/mcp`)
  })
}

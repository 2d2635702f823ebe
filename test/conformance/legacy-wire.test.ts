import { after, before, describe } from 'node:test'
import { missing } from '../helpers/programs.ts'
import { stdioFixture } from './fixture.ts'
import { legacySets, testSet } from './server-sets.ts'
import { startUnderTest, type GatewayUnderTest } from './through-gateway.ts'

describe('the gateway, sessions of 2025-11-25 and older', { skip: missing('clients') }, () => {
  if (missing('clients') !== false) return
  let underTest: GatewayUnderTest
  before(async () => { underTest = await startUnderTest({ legacy: stdioFixture('legacy') }) })
  after(async () => { await underTest.stop() })
  for (const server of ['legacy']) {
    for (const set of legacySets()) testSet(`stdio server ${server}`, set, () => underTest.endpoint(server))
  }
})

import { after, before, describe } from 'node:test'
import { missing } from '../helpers/programs.ts'
import { legacyServers, modernServers, startEveryFixture, type EveryFixture, type FixtureServer } from './every-fixture.ts'
import { legacySets, testSet } from './server-sets.ts'

/** With these the older revisions too: one server that speaks them itself, one that has never heard of sessions. */
const withOlder = new Set<FixtureServer>(['stdio-legacy', 'http-modern'])

/** Sessions of 2025-11-25 and older, whatever the server speaks and however it is reached. */
describe('the gateway, sessions before every kind of server', { skip: missing('clients'), concurrency: 2 }, () => {
  if (missing('clients') !== false) return
  let all: EveryFixture
  before(async () => { all = await startEveryFixture() })
  after(async () => { await all.stop() })
  for (const server of [...legacyServers, ...modernServers]) {
    // One after the other: sessions of one user share a worker, and what it asks must have one client to go to.
    describe(server, { concurrency: 1 }, () => {
      for (const set of legacySets()) if (set.revision === '2025-11-25' || withOlder.has(server)) testSet(server, set, () => all.endpoint(server))
    })
  }
})

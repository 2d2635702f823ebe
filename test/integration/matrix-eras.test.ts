/** A server that speaks both eras, over stdio and HTTP, with the `era` of its entry at each of its values: which one it is spoken to in, and each step of either kind of client. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import type { MatrixClient } from '../helpers/matrix-client.ts'
import { clientKinds, LEGACY, MODERN } from '../helpers/matrix-clients.ts'
import { steps } from '../helpers/matrix-steps.ts'
import { fixtureUpstream, type Upstream } from '../helpers/matrix-upstreams.ts'
import { missing } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'

/** A session, a modern client, and a session again: what is known of the server by then changes nothing. */
const kinds = ['sdk1', 'sdk2-modern', 'sdk2-legacy'].map((name) => clientKinds.find((kind) => kind.name === name) ?? assert.fail(name))
/** Undefined: whatever the client speaks, so that nothing has to be bridged. */
const spokenTo = { auto: undefined, legacy: LEGACY, modern: MODERN } as const

describe('a server of both eras', { skip: missing('clients') }, () => {
  const upstreams = new Map<string, Upstream>()
  let gateway: TestGateway
  before(async () => {
    for (const transport of ['stdio', 'http'] as const) upstreams.set(transport, await fixtureUpstream(transport, 'dual'))
    const entries = [...upstreams].flatMap(([transport, { entry }]) => Object.keys(spokenTo).map((era) => [`${era}-${transport}`, { ...entry, era }]))
    gateway = await startGateway({ users: kinds.map(({ name }) => ({ tenant: 'acme', user: name })), config: { mcpServers: Object.fromEntries(entries), limits: roomyLimits } })
  })
  after(async () => {
    await gateway?.stop()
    for (const upstream of upstreams.values()) await upstream.stop()
  })

  for (const transport of ['stdio', 'http']) {
    for (const [era, revision] of Object.entries(spokenTo)) {
      for (const kind of kinds) {
        describe(`${transport}, era ${era}, ${kind.name}`, () => {
          let client: MatrixClient
          before(async () => { client = await kind.connect({ url: `${gateway.url}/servers/${era}-${transport}/mcp`, headers: { ...gateway.keyOf(kind.name).bearer } }) })
          after(() => client?.close())
          it(`the server is spoken to in ${revision ?? 'the era of the client'}`, async () => {
            const seen = JSON.parse(await client.callTool('whoami', {})) as { protocolVersion: string }
            assert.equal(seen.protocolVersion, revision ?? kind.revision)
          })
          for (const step of steps) it(step.name, () => step.run({ kind, client, upstream: upstreams.get(transport) ?? assert.fail(transport) }))
        })
      }
    }
  }
})

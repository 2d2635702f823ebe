/** Every kind of third-party client, every feature of the official everything server, through the running gateway (R2, R20). */
import { after, before, describe, it } from 'node:test'
import { everythingFeatures } from '../helpers/feature-walk.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { clientKinds, connectClient, usesSse, type McpClient } from '../helpers/mcp-clients.ts'
import { missing, officialServer } from '../helpers/programs.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const ROOTS = ['file:///srv/project-a', 'file:///srv/project-b']

/** Clients of sessions. SDK v2 on `auto` speaks 2026-07-28 here: matrix-clients and bridge-asks walk it. */
const kinds = clientKinds.filter((kind) => kind !== 'sdk2-auto')

describe('third-party clients, one by one', { skip: missing('clients') }, () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      // A user for each kind: logging level and subscriptions belong to a worker, and a worker to a user.
      users: kinds.map((kind) => ({ tenant: 'acme', user: kind })),
      config: {
        mcpServers: { everything: { ...officialServer('everything'), roots: 'relay' }, probe: probe() },
        limits: roomyLimits
      }
    })
  })
  after(() => gateway.stop())

  for (const kind of kinds) {
    describe(kind, () => {
      let client: McpClient
      const connect = (server: string): Promise<McpClient> => connectClient(kind, {
        url: `${gateway.url}/servers/${server}/${usesSse(kind) ? 'sse' : 'mcp'}`,
        headers: { ...gateway.keyOf(kind).bearer },
        label: kind,
        roots: ROOTS
      })
      before(async () => { client = await connect('everything') })
      after(() => client.close())

      for (const feature of everythingFeatures) {
        it(feature.name, () => feature.run({ client, label: kind, roots: ROOTS }))
      }

      it('tools/list_changed', async (t) => {
        const other = await connect('probe')
        t.after(() => other.close())
        const before = (await other.listTools()).tools.length
        await other.callTool('grow')
        await until('list_changed', () => other.seen.some((entry) => entry.method === 'notifications/tools/list_changed'))
        await until('the longer list', async () => (await other.listTools()).tools.length === before + 1)
      })
    })
  }
})

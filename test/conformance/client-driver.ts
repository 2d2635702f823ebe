// What the suite's client scenarios run in place of a client:
//
//   node client-driver.ts [--direct] [--client legacy|modern] [--server legacy|modern] <server URL>
//
// A gateway is started with the URL as its only server, and the client of SDK v2 does through it what the scenario wants to see.
// What is judged is then how the gateway speaks to the server. --direct leaves the gateway out, which judges this program instead.
// Eras: the client's, by default that of the scenario; and the one the gateway is told that the server speaks, by default not told.
import { parseArgs } from 'node:util'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { importClient } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { actions, type DrivenClient } from './client-actions.ts'

interface Sdk {
  readonly Client: new (info: { name: string, version: string }, options: Record<string, unknown>) => DrivenClient & {
    connect (transport: unknown): Promise<void>
    close (): Promise<void>
  }
  readonly StreamableHTTPClientTransport: new (url: URL, options: Record<string, unknown>) => unknown
}

const { values: flags, positionals: [url = ''] } = parseArgs({
  allowPositionals: true, options: { direct: { type: 'boolean', default: false }, client: { type: 'string' }, server: { type: 'string', default: 'auto' } }
})
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? ''
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Record<string, unknown>
const action = actions[scenario]
if (action === undefined) throw new Error(`nothing is known of the scenario ${scenario}`)

let gateway: TestGateway | undefined
try {
  if (!flags.direct) gateway = await startGateway({ config: { mcpServers: { mock: { type: 'http', url, allowPrivateNetwork: true, era: flags.server } }, limits: roomyLimits } })
  const endpoint = gateway === undefined ? url : `${gateway.url}/servers/mock/mcp`
  const headers = gateway === undefined ? {} : gateway.keyOf('alice').bearer
  const { Client, StreamableHTTPClientTransport } = await importClient<Sdk>('@modelcontextprotocol/client/dist/index.mjs')
  const era = flags.client ?? (process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] === '2026-07-28' ? 'modern' : 'legacy')
  const client = new Client({ name: 'conformance-driver', version: '1.0.0' }, {
    capabilities: { sampling: {}, elicitation: { form: {} }, roots: {} },
    versionNegotiation: { mode: era === 'modern' ? 'auto' : 'legacy' }
  })
  await client.connect(new StreamableHTTPClientTransport(new URL(endpoint), { requestInit: { headers } }))
  await action(client, context)
  await client.close()
} catch (error) {
  if (gateway !== undefined) console.error(gateway.output())
  throw error
} finally {
  await gateway?.stop()
}

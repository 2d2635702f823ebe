// What the suite's client scenarios run in place of a client:
//
//   node client-driver.ts [--era legacy|modern] [--through <JSON>] <server URL>
//
// The client of SDK v2 does what the scenario wants to see. With --through, it says to the relay where the server is and talks to a
// gateway that stands before the relay, so that what is judged is how the gateway speaks to servers; without, itself is judged.
import { parseArgs } from 'node:util'
import { send } from '../helpers/http-exchange.ts'
import { importClient } from '../helpers/programs.ts'
import { actions, type DrivenClient } from './client-actions.ts'

/** How a driver gets to a gateway, as JSON on its command line. */
export interface Through {
  /** Endpoint of the gateway. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** Takes the server's URL in a POST; a DELETE ends it. */
  readonly relay: string
}

interface Sdk {
  readonly Client: new (info: { name: string, version: string }, options: Record<string, unknown>) => DrivenClient & {
    connect (transport: unknown): Promise<void>
    close (): Promise<void>
  }
  readonly StreamableHTTPClientTransport: new (url: URL, options: Record<string, unknown>) => unknown
}

const { values, positionals: [url = ''] } = parseArgs({ allowPositionals: true, options: { era: { type: 'string' }, through: { type: 'string' } } })
const through = values.through === undefined ? undefined : JSON.parse(decodeURIComponent(values.through)) as Through
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? ''
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Record<string, unknown>
const action = actions[scenario]
if (action === undefined) throw new Error(`nothing is known of the scenario ${scenario}`)

if (through !== undefined) await send(through.relay, { body: url })
const { Client, StreamableHTTPClientTransport } = await importClient<Sdk>('@modelcontextprotocol/client/dist/index.mjs')
const era = values.era ?? (process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] === '2026-07-28' ? 'modern' : 'legacy')
const client = new Client({ name: 'conformance-driver', version: '1.0.0' }, {
  capabilities: { sampling: {}, elicitation: { form: {} }, roots: {} },
  versionNegotiation: { mode: era === 'modern' ? 'auto' : 'legacy' }
})
try {
  await client.connect(new StreamableHTTPClientTransport(new URL(through?.endpoint ?? url), { requestInit: { headers: through?.headers ?? {} } }))
  await action(client, context)
  await client.close()
} finally {
  if (through !== undefined) await send(through.relay, { method: 'DELETE' })
}

/** The example of docs/auth.md, run as it stands there, but for the ports. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { startGateway } from '../helpers/gateway.ts'
import { probe } from '../helpers/server-entries.ts'

const MANAGEMENT = '6f0c2b7d915e48a3b1d2c4f7a8091e5c'

it('a backend mints a token for its user, and calls a tool with it', async (t) => {
  const page = await readFile(new URL('../../docs/auth.md', import.meta.url), 'utf8')
  const [, script = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(page) ?? []
  assert.match(script, /admin\/tokens/)
  const gateway = await startGateway({ users: [], env: { DRAWBRIDGE_MANAGEMENT_TOKEN: MANAGEMENT }, config: { mcpServers: { notes: probe() }, tenants: { acme: {} } } })
  t.after(() => gateway.stop())
  const here = script.replaceAll('http://127.0.0.1:8081', gateway.managementUrl).replaceAll('http://127.0.0.1:8080', gateway.url)
  const { stdout } = await promisify(execFile)('sh', ['-c', here], { env: { PATH: process.env['PATH'], DRAWBRIDGE_MANAGEMENT_TOKEN: MANAGEMENT } })
  assert.deepEqual(JSON.parse(stdout), { ok: true, result: { content: [{ type: 'text', text: 'hello from alice' }] } })
})

/** T45 Commands by way of a request, a name or the operator's listener: what is started is what the configuration says, as words, by no shell. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { send } from '../../helpers/http-exchange.ts'
import { textOf } from '../../helpers/legacy-wire.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'

const TOKEN = 'a-management-token-of-32-characters'
const users = ['$(touch pwned)', '`touch pwned`', '; touch pwned', '--eval=touch', '../../pwned', '\u0000touch'].filter((user) => !user.includes('\u0000')).map((user) => ({ tenant: 'acme', user }))

describe('T45: no command comes from a caller', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({ users, env: { DRAWBRIDGE_MANAGEMENT_TOKEN: TOKEN }, config: { mcpServers: { probe: probe({ args: ['{user}', '$(touch pwned)', '$HOME'] }) }, limits: roomyLimits } })
  })
  after(async () => { await gateway.stop() })

  it('names and arguments are words: no shell reads them, and none becomes an option or a path', async () => {
    for (const { user } of users) {
      const wire = gateway.wire(user, 'probe')
      await wire.open()
      const { argv, cwd } = JSON.parse(textOf(await wire.call('whoami'))) as { readonly argv: string[], readonly cwd: string }
      assert.equal(argv.length, 3)
      assert.doesNotMatch(argv[0] ?? '', /[^A-Za-z0-9_.~%=-]/, argv[0])
      assert.ok(!argv[0]?.startsWith('-'))
      assert.deepEqual(argv.slice(1), ['$(touch pwned)', '$HOME'])
      assert.ok(!existsSync(join(cwd, 'pwned')) && !existsSync(join(gateway.dir, 'pwned')))
    }
  })

  it('no public path takes a server\'s definition, whoever asks; the operator\'s listener takes none either', async () => {
    const entry = JSON.stringify({ mcpServers: { shell: { command: 'bash', args: ['-c', 'touch pwned'] } }, command: 'bash' })
    const before = gateway.workers().length
    const key = gateway.keyOf(users[0]?.user ?? '').bearer
    for (const path of ['/servers', '/servers/shell', '/servers/shell/mcp', '/admin/servers', '/admin/servers/shell', '/admin/test', '/mcp', '/api/servers']) {
      for (const method of ['POST', 'PUT', 'PATCH']) {
        for (const [origin, headers] of [[gateway.url, key], [gateway.managementUrl, { authorization: `Bearer ${TOKEN}` }]] as const) {
          const { status } = await send(origin + path, { method, body: entry, headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' } })
          assert.ok(status >= 400 && status < 500, `${method} ${origin}${path}: ${status}`)
        }
      }
    }
    assert.equal(gateway.workers().length, before)
    assert.ok(!existsSync(join(gateway.dir, 'pwned')))
    // What it does take is the same file, read anew.
    const answer = await send(`${gateway.managementUrl}/admin/reload`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } })
    assert.deepEqual(JSON.parse(answer.body()), { outcome: 'unchanged', revision: 1 })
  })
})

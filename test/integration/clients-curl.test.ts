/** curl, as in the README: a session by hand, and one plain JSON call. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { ACCEPT_BOTH } from '../helpers/legacy-wire.ts'
import { missing } from '../helpers/programs.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

async function curl (...args: string[]): Promise<{ head: string, body: string }> {
  const { stdout } = await promisify(execFile)('curl', ['--silent', '--show-error', '--include', '--max-time', '20', ...args])
  const [head = '', ...body] = stdout.split('\r\n\r\n')
  return { head, body: body.join('\r\n\r\n') }
}

describe('curl', { skip: missing('curl') }, () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
  })
  after(() => gateway.stop())

  it('initialize, initialized, tools/call, DELETE', async () => {
    const url = `${gateway.url}/servers/probe/mcp`
    const common = ['-H', `Authorization: Bearer ${gateway.keyOf('alice').text}`, '-H', `Accept: ${ACCEPT_BOTH}`, '-H', 'Content-Type: application/json']
    const opened = await curl(...common, '-d', '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"curl","version":"8"}}}', url)
    assert.match(opened.head, /^HTTP\/1.1 200/)
    const sessionId = /^mcp-session-id: (\S+)/im.exec(opened.head)?.[1]
    assert.ok(sessionId)
    assert.match(opened.body, /"protocolVersion":"2025-06-18"/)
    const inSession = [...common, '-H', `Mcp-Session-Id: ${sessionId}`, '-H', 'MCP-Protocol-Version: 2025-06-18']
    assert.match((await curl(...inSession, '-d', '{"jsonrpc":"2.0","method":"notifications/initialized"}', url)).head, /^HTTP\/1.1 202/)
    const called = await curl(...inSession, '-d', '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"by hand"}}}', url)
    assert.match(called.body, /by hand/)
    assert.match((await curl(...inSession, '-X', 'DELETE', url)).head, /^HTTP\/1.1 20[04]/)
    assert.match((await curl(...inSession, '-d', '{"jsonrpc":"2.0","id":3,"method":"ping"}', url)).head, /^HTTP\/1.1 404/)
  })

  it('one line without a session: plain JSON', async () => {
    const { head, body } = await curl('-H', `X-API-Key: ${gateway.keyOf('alice').text}`, '--json', '{"tool_name":"echo","arguments":{"text":"one line"}}', `${gateway.url}/servers/probe/tools`)
    assert.match(head, /^HTTP\/1.1 200/)
    assert.deepEqual((JSON.parse(body) as { ok: boolean, result: { content: unknown } }).result.content, [{ type: 'text', text: 'one line' }])
  })
})

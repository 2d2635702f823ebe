/** A modern request whose headers say something else than its body is refused before its server hears of it (T35). */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { describe, it } from 'node:test'
import { startGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, textOf } from '../helpers/legacy-wire.ts'
import { createModernWire, MODERN, modernParams } from '../helpers/modern-wire.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { argsOf, entryOf, faultsOf, fullLegacyServer, fullModernServer, result, textResult, type Received } from './upstream-parts.ts'

const TOOLS = [
  { name: 'allowed', inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, level: { type: 'integer', 'x-mcp-header': 'Level' } } } },
  { name: 'denied', inputSchema: { type: 'object' } },
  { name: 'grüße', inputSchema: { type: 'object' } }
]
const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`

type Headers = Readonly<Record<string, string | undefined>>

/** Bodies and headers that disagree; `args` go into a call of `name`. */
const SPLITS: ReadonlyArray<readonly [what: string, headers: Headers, name?: string, args?: Record<string, unknown>]> = [
  ['an allowed name in the header, a denied one in the body', { 'mcp-name': 'allowed' }, 'denied'],
  ['a denied name in the header, an allowed one in the body', { 'mcp-name': 'denied' }],
  ['no name', { 'mcp-name': undefined }],
  ['an empty name', { 'mcp-name': '' }],
  ['another case', { 'mcp-name': 'Allowed' }],
  ['base64 of another name', { 'mcp-name': base64('denied') }],
  ['bad base64', { 'mcp-name': '=?base64?%%%?=' }],
  ['base64 without its padding', { 'mcp-name': `=?base64?${Buffer.from('allowed').toString('base64').replace(/=+$/, '')}?=` }],
  ['the marker in capitals', { 'mcp-name': base64('allowed').replace('base64', 'BASE64') }],
  ['two names in one', { 'mcp-name': 'allowed, denied' }],
  ['no method', { 'mcp-method': undefined }],
  ['another method', { 'mcp-method': 'tools/list' }],
  ['a method in capitals', { 'mcp-method': 'TOOLS/CALL' }],
  ['an encoded method', { 'mcp-method': base64('tools/call') }],
  ['no version', { 'mcp-protocol-version': undefined }],
  ['an older version', { 'mcp-protocol-version': '2025-11-25' }],
  ['an unknown version', { 'mcp-protocol-version': '2031-01-01' }],
  ['a mirrored argument that is another', { 'mcp-param-region': 'us' }, 'allowed', { region: 'eu' }],
  ['a mirrored argument without its header', {}, 'allowed', { region: 'eu' }],
  ['a mirrored number that is another', { 'mcp-param-region': 'eu', 'mcp-param-level': '8' }, 'allowed', { region: 'eu', level: 7 }],
  ['a mirrored argument in bad base64', { 'mcp-param-region': '=?base64?%?=' }, 'allowed', { region: 'eu' }]
]

for (const era of ['modern', 'legacy'] as const) {
  describe(`headers against bodies, ${era} server`, () => {
    it('whatever disagrees is 400 / -32020, on the server\'s endpoint and the aggregate\'s, and the server is not called', async (t) => {
      const handle = (received: Received): void => {
        if (received.method === 'tools/list') return result(received, { resultType: 'complete', tools: TOOLS, ttlMs: 0, cacheScope: 'private' })
        result(received, textResult(`${(received.message['params'] as { name: string }).name} ${JSON.stringify(argsOf(received))}`))
      }
      const server = await (era === 'modern' ? fullModernServer : fullLegacyServer)(t, handle)
      const gateway = await startGateway({ config: { mcpServers: { x: entryOf(server, { tools: { deny: ['denied'] } }) }, limits: roomyLimits } })
      t.after(() => gateway.stop())
      const { bearer } = gateway.keyOf('alice')
      const [own, all] = [createModernWire(`${gateway.url}/servers/x/mcp`, bearer), createModernWire(`${gateway.url}/mcp`, bearer)]
      t.after(() => {
        own.close()
        all.close()
      })
      // Both know the tools now, so that nothing but the refusal keeps the server from being called.
      assert.equal(textOf(await own.call('allowed', {})), 'allowed {}')
      assert.equal(textOf(await all.call('x__allowed', {})), 'allowed {}')
      const heard = server.received.length
      for (const [what, headers, name = 'allowed', args = {}] of SPLITS) {
        for (const wire of [own, all]) {
          const isAll = wire === all
          const inHeader = headers['mcp-name']
          const renamed = isAll && (inHeader === 'allowed' || inHeader === 'denied') ? { ...headers, 'mcp-name': `x__${inHeader}` } : headers
          const answer = await wire.post({ jsonrpc: '2.0', id: 'mine', method: 'tools/call', params: modernParams({ name: isAll ? `x__${name}` : name, arguments: args }) }, { headers: renamed })
          await answer.ended
          const [message] = answer.messages()
          assert.deepEqual([answer.status, message?.id, message?.error?.code], [400, 'mine', -32020], `${what}${isAll ? ', aggregate' : ''}: ${answer.body()}`)
        }
      }
      assert.deepEqual(server.received.slice(heard).map(({ method }) => method).filter((method) => method !== 'tools/list'), [])

      // A header that is there twice is one that can be read in two ways.
      for (const [header, values] of [['mcp-name', ['allowed', 'denied']], ['mcp-method', ['tools/call', 'tools/list']], ['mcp-protocol-version', [MODERN, '2025-11-25']]] as const) {
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: modernParams({ name: 'allowed', arguments: {} }) })
        const plain: Record<string, string | string[]> = { ...bearer, accept: ACCEPT_BOTH, 'content-type': 'application/json', 'mcp-name': 'allowed', 'mcp-method': 'tools/call', 'mcp-protocol-version': MODERN }
        const status = await new Promise((resolve, reject) => {
          request(own.url, { method: 'POST', headers: { ...plain, [header]: [...values] } }, (response) => { response.resume().on('end', () => resolve(response.statusCode)) }).on('error', reject).end(body)
        })
        assert.equal(status, 400, header)
      }
      assert.equal(server.of('tools/call').length, 2)

      // What agrees goes through, in every spelling.
      assert.equal(textOf(await own.call('allowed', { region: 'eu', level: 7 }, { headers: { 'mcp-param-region': base64('eu'), 'mcp-param-level': '7', 'mcp-name': base64('allowed') } })), 'allowed {"region":"eu","level":7}')
      assert.equal(textOf(await own.call('grüße', {}, { headers: { 'mcp-name': base64('grüße') } })), 'grüße {}')
      // A denied one with headers that agree is a tool that does not exist, and is not called either.
      const calls = server.of('tools/call').length
      assert.equal((await own.call('denied')).error?.code, -32602)
      assert.equal(server.of('tools/call').length, calls)
      assert.deepEqual(faultsOf(gateway), [])
    })

    it('in a session these headers mean nothing: neither do they let anything through nor are they in the way', async (t) => {
      const server = await (era === 'modern' ? fullModernServer : fullLegacyServer)(t, (received) => {
        if (received.method === 'tools/list') result(received, { resultType: 'complete', tools: TOOLS, ttlMs: 0, cacheScope: 'private' })
        else result(received, textResult(String((received.message['params'] as { name?: string }).name)))
      })
      const gateway = await startGateway({ config: { mcpServers: { x: entryOf(server, { tools: { deny: ['denied'] } }) }, limits: roomyLimits } })
      t.after(() => gateway.stop())
      const wire = gateway.wire('alice', 'x')
      await wire.open()
      const call = async (name: string, headers: Record<string, string>): Promise<unknown> => {
        const answer = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }, headers)
        await answer.ended
        return answer.messages()[0]?.error?.code ?? textOf(answer.messages()[0] ?? {})
      }
      const misleading = { 'mcp-method': 'tools/list', 'mcp-param-region': 'us' }
      assert.equal(await call('allowed', { ...misleading, 'mcp-name': 'denied' }), 'allowed')
      assert.equal(await call('denied', { ...misleading, 'mcp-name': 'allowed' }), -32602)
      // Nor may a session's request call itself modern in one place only.
      for (const headers of [{ 'mcp-protocol-version': MODERN }, { 'mcp-protocol-version': MODERN, 'mcp-name': 'allowed', 'mcp-method': 'tools/call' }]) {
        const answer = await send(wire.url, { body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'denied', arguments: {} } }, headers: { ...gateway.keyOf('alice').bearer, accept: ACCEPT_BOTH, 'mcp-session-id': wire.sessionId ?? '', ...headers } })
        assert.equal(answer.status, 400)
      }
      assert.deepEqual(server.of('tools/call').map(({ message }) => (message['params'] as { name: string }).name), ['allowed'])
    })
  })
}

/** T14 Token passthrough and T26 identity by header, over two replicas: what a caller sends about itself ends at the gateway, also on the way between replicas. */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { textOf } from '../../helpers/legacy-wire.ts'
import { startReplicas, type ReplicaSet } from '../../helpers/replicas.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'

const TOKEN = 'a-management-token-of-32-characters'
const CANARY = 'canary-of-the-caller'
const claimed = {
  'x-user-id': 'bob',
  'x-tenant-id': 'globex',
  x_user_id: 'bob',
  'x-forwarded-user': 'bob',
  'x-forwarded-for': '203.0.113.7',
  'x-authenticated-user': 'bob',
  'x-drawbridge-user': 'bob',
  'mcp-init-host': 'evil.example',
  cookie: `session=${CANARY}`,
  'proxy-authorization': `Basic ${CANARY}`,
  baggage: `user=${CANARY}`
}

/** A server over HTTP that keeps every header it is sent. */
async function startRecorder (): Promise<{ readonly url: string, readonly seen: IncomingHttpHeaders[], stop (): void }> {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers)
    buffer(request).then((body) => {
      const { id, method } = JSON.parse(body.toString()) as { id?: number, method: string }
      if (id === undefined) return response.writeHead(202).end()
      const result = method === 'initialize'
        ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'recorder', version: '1' } }
        : method === 'tools/list' ? { tools: [{ name: 'seen', inputSchema: { type: 'object' } }] } : { content: [{ type: 'text', text: 'seen' }] }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    }).catch(() => { response.destroy() })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, seen, stop: () => { server.closeAllConnections(); server.close() } }
}

describe('T14, T26: what a caller says about itself', () => {
  let set: ReplicaSet
  let recorder: Awaited<ReturnType<typeof startRecorder>>
  before(async () => {
    recorder = await startRecorder()
    const overHttp = { type: 'http', url: recorder.url, allowPrivateNetwork: true, era: 'legacy', headers: { 'X-Api-Key': 'the-entry-s-own' } }
    set = await startReplicas({ users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'bob' }], env: { DRAWBRIDGE_MANAGEMENT_TOKEN: TOKEN }, config: { mcpServers: { probe: probe({ args: ['{tenant}/{user}'] }), http: overHttp }, limits: roomyLimits } })
  })
  after(async () => {
    recorder.stop()
    await set.stop()
  })

  it('reaches no worker, through either replica: the verified identity alone does', async () => {
    for (const at of set.replicas) {
      const wire = set.wire('alice', 'probe', at)
      await wire.open({ headers: claimed })
      const answer = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }, claimed)
      await answer.ended
      const me = JSON.parse(textOf(answer.messages()[0] ?? {})) as { readonly argv: string[] }
      assert.deepEqual(me.argv, ['acme/alice'], at.name)
      const shown = JSON.stringify(me) + textOf(await wire.call('received'))
      for (const text of [CANARY, set.keyOf('alice').text, 'globex', 'evil.example', '203.0.113.7']) assert.ok(!shown.includes(text), `${text} through ${at.name}`)
    }
  })

  it('reaches no server over HTTP, through either replica and in either era: the entry\'s own headers do', async () => {
    for (const at of set.replicas) {
      const modern = set.modern('alice', 'http', at)
      assert.equal((await modern.call('seen', {}, { headers: claimed })).error, undefined)
      const wire = set.wire('alice', 'http', at)
      await wire.open({ headers: claimed })
      const answer = await wire.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'seen', arguments: {} } }, claimed)
      await answer.ended
    }
    assert.ok(recorder.seen.length >= 4)
    for (const headers of recorder.seen) {
      assert.equal(headers['x-api-key'], 'the-entry-s-own')
      const text = JSON.stringify(headers)
      for (const canary of [CANARY, set.keyOf('alice').text, 'bob', 'globex', 'evil.example', '203.0.113.7']) assert.ok(!text.includes(canary), `${canary} in ${text}`)
    }
  })

  it('opens no door on the listener between replicas: without a signed hop, every path and verb is one refusal', async () => {
    const known = await fetch(`${set.replicas[0]?.gateway.managementUrl}/admin/replicas`, { headers: { authorization: `Bearer ${TOKEN}` } })
    const origins = (await known.json() as { readonly replicas: ReadonlyArray<{ readonly origin: string }> }).replicas.map(({ origin }) => origin)
    assert.equal(origins.length, set.replicas.length)
    for (const origin of origins) {
      for (const [method, path] of [['POST', '/servers/probe/mcp'], ['GET', '/mcp'], ['POST', '/admin/reload'], ['GET', '/metrics'], ['GET', '/live']] as const) {
        const answer = await fetch(origin + path, { method, headers: { ...set.keyOf('alice').bearer, 'x-drawbridge-hop': 'made-up', 'x-user-id': 'bob' } }).then(async (response) => `${response.status} ${await response.text()}`, () => 'closed')
        assert.match(answer, /^(404|closed)/, `${method} ${path}`)
      }
    }
  })
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ACCEPT_BOTH, clientInfo, responseOf, textOf } from '../helpers/legacy-wire.ts'
import { fixture, startRoutes } from './routes-parts.ts'

it('while it drains: sessions go on, new ones and plain calls are sent elsewhere (FR31)', async (t) => {
  const { edge, headers, wire, gateway } = await startRoutes(t, { servers: { echo: fixture('echo.mjs') } })
  const client = wire()
  await client.open()
  const stream = await client.listen()
  const running = await client.post({ jsonrpc: '2.0', id: 'r', method: 'tools/call', params: { name: 'progress', arguments: { steps: 60, everyMs: 10 }, _meta: { progressToken: 1 } } })
  await running.nextEvent('progress', ({ data }) => data?.includes('progress') ?? false)
  const drained = gateway.drain()
  const refused = await edge.send('/servers/echo/mcp', { headers: { ...headers(), accept: ACCEPT_BOTH }, body: { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } } })
  assert.deepEqual([refused.status, refused.headers.connection, Number(refused.headers['retry-after']) >= 1], [503, 'close', true])
  assert.equal((await responseOf(refused, 1)).error?.code, 50301)
  assert.equal(refused.headers['mcp-session-id'], undefined)
  const plain = await edge.send('/servers/echo/tools', { headers: headers(), body: { tool_name: 'echo', arguments: { text: 'x' } } })
  assert.equal(plain.status, 503)
  assert.equal(textOf(await client.call('echo', { text: 'still' })), 'still')
  assert.equal(textOf(await responseOf(running, 'r')), 'done')
  await drained
  assert.equal(await stream.ended, 'complete')
})

/** Sizes and text: 400 KB pass, 5 MB are refused in JSON, multi-byte text survives every chunk border (R22, T30). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { exchange, send } from '../helpers/http-exchange.ts'
import { residentBytes } from '../helpers/processes.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

const MB = 1024 * 1024
const echo = (text: string) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text } } })
/** One to four bytes a character, so that every border falls inside one somewhere. */
const MULTI_BYTE = 'aé€🦊ü日本語👩‍👩‍👧Ω'

describe('payloads', () => {
  let gateway: TestGateway
  let wire: LegacyWire
  before(async () => {
    gateway = await startGateway({ config: { mcpServers: { probe: probe() }, limits: roomyLimits } })
    wire = gateway.wire('alice', 'probe')
    await wire.open()
  })
  after(() => gateway.stop())

  const headers = (): Record<string, string> => ({ ...gateway.keyOf('alice').bearer, accept: 'application/json, text/event-stream', 'mcp-session-id': wire.sessionId ?? '', 'content-type': 'application/json' })

  it('400 KB in and 400 KB out', async () => {
    const text = MULTI_BYTE.repeat(Math.ceil(400_000 / Buffer.byteLength(MULTI_BYTE)))
    assert.equal(textOf(await wire.call('echo', { text })), text)
  })

  it('nearly 4 MiB pass', async () => {
    const data = 'd'.repeat(4 * MB - 1000)
    assert.deepEqual(JSON.parse(textOf(await wire.call('size', { data }))), { characters: data.length, bytes: data.length })
  })

  it('5 MB: 413 in JSON, before the body is read, and the gateway goes on', async () => {
    const answer = await send(wire.url, { body: echo('x'.repeat(5 * MB)), headers: headers() })
    assert.equal(answer.status, 413)
    assert.match(String(answer.headers['content-type']), /^application\/json/)
    assert.ok(JSON.parse(answer.body()))
    assert.equal(textOf(await wire.call('echo', { text: 'still here' })), 'still here')
  })

  it('5 MB without a length, in chunks: 413 too', async () => {
    const answer = await exchange(wire.url, { body: JSON.stringify(echo('x'.repeat(5 * MB))), chunkBytes: 64 * 1024, headers: headers() }).then((got) => got.status, (error: NodeJS.ErrnoException) => error.code)
    // A client that is still sending may see the connection close instead of the answer.
    assert.ok(answer === 413 || answer === 'ECONNRESET' || answer === 'EPIPE', String(answer))
    assert.equal(textOf(await wire.call('echo', { text: 'still here' })), 'still here')
  })

  it('text is intact when the request body is cut at every byte, and in pieces of 2, 3 and 5', async () => {
    for (const chunkBytes of [1, 2, 3, 5]) {
      const answer = await exchange(wire.url, { body: JSON.stringify(echo(MULTI_BYTE.repeat(4))), chunkBytes, headers: headers() })
      assert.equal(textOf(await responseOf(answer, 1)), MULTI_BYTE.repeat(4), `pieces of ${chunkBytes}`)
    }
  })

  it('a result of 1 MB of multi-byte text is intact, as JSON and as SSE', async () => {
    const text = MULTI_BYTE.repeat(Math.ceil(MB / Buffer.byteLength(MULTI_BYTE)))
    assert.equal(textOf(await wire.call('echo', { text })), text)
    assert.equal(textOf(await wire.call('echo', { text, delayMs: 1300 })), text)
  })

  it('a result larger than a line may be ends in an error, not in silence', async () => {
    const message = await wire.call('blob', { bytes: 11 * MB })
    assert.ok(message.error)
    assert.equal(textOf(await wire.call('echo', { text: 'next' })), 'next')
  })

  it('compressed bodies are refused: 415 (T30)', async () => {
    assert.equal((await send(wire.url, { body: Buffer.from('1f8b08', 'hex'), headers: { ...headers(), 'content-encoding': 'gzip' } })).status, 415)
  })

  it('a million members or levels are refused quickly and cost no memory (T30)', async () => {
    const before = residentBytes(gateway.pid)
    for (const inner of ['{"a":'.repeat(500_000) + '1' + '}'.repeat(500_000), `{${Array.from({ length: 300_000 }, (_, index) => `"k${index}":1`).join(',')}}`, '['.repeat(1_000_000) + ']'.repeat(1_000_000)]) {
      const answer = await send(wire.url, { body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${inner}}}`, headers: headers() })
      assert.ok([400, 413].includes(answer.status), String(answer.status))
    }
    assert.ok(residentBytes(gateway.pid) - before < 150 * MB)
    assert.equal(textOf(await wire.call('echo', { text: 'fine' })), 'fine')
  })

  it('__proto__ and constructor in arguments come through as data (T36)', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"arguments","arguments":{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}}}'
    const answer = await send(wire.url, { body, headers: headers() })
    assert.ok([200, 400].includes(answer.status))
    if (answer.status === 200) assert.match(textOf(answer.messages()[0] ?? {}), /admin/)
    assert.equal(textOf(await wire.call('echo', { text: 'fine' })), 'fine')
  })
})

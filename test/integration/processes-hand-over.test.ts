/** `processes: N`: a process that hands requests over stays until they are answered, and leaves nothing of them behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { metricOf } from '../helpers/metrics.ts'
import { manyUsers, probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const users = manyUsers(1)
/** One caller lives in one process; some of so many connections reach the other one. */
const CONNECTIONS = 6

describe('requests that are handed over', () => {
  it('end well when the gateway drains, though the process that handed them over has nothing else to do', async (t) => {
    const gateway = await start(t)
    const wires = await Promise.all(Array.from({ length: CONNECTIONS }, async () => await opened(gateway)))
    const calls = wires.map(async (wire, index) => await wire.call('echo', { text: `finished ${index}`, delayMs: 1500 }, 'last'))
    await Promise.all(wires.map(async (wire) => { await wire.call('get') }))
    gateway.kill('SIGTERM')
    assert.deepEqual((await Promise.all(calls)).map(textOf), calls.map((_, index) => `finished ${index}`))
    assert.deepEqual(await gateway.exited, { code: 0, signal: null })
  })

  it('end with their client\'s connection, also those whose answer stands behind another one', async (t) => {
    const gateway = await start(t)
    const wires = await Promise.all(Array.from({ length: 2 * CONNECTIONS }, async () => await opened(gateway)))
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, async (_, index) => await pipelined(gateway, wires.slice(2 * index, 2 * index + 2))))
    await until('all streams are open', async () => await metricOf(gateway, 'sse_streams_open') === 2 * CONNECTIONS)
    for (const socket of sockets) socket.destroy()
    await until('all streams have ended', async () => await metricOf(gateway, 'sse_streams_open') === 0)
  })

  it('are served whatever their headers announce about the message', async (t) => {
    const gateway = await start(t)
    const answers = await Promise.all(Array.from({ length: CONNECTIONS }, async () => await sent(gateway, 'POST /servers/probe/mcp HTTP/1.1', 'Content-Type: application/json\r\nTrailer: Expires\r\nContent-Length: 2\r\nConnection: close', '{}')))
    // `{}` is no message: that is for the owner to say.
    assert.deepEqual(answers.map((answer) => answer.split('\r\n', 1)[0]), answers.map(() => 'HTTP/1.1 400 Bad Request'))
  })
})

/** A connection that asks for the streams of these sessions, one right behind the other. */
async function pipelined (gateway: TestGateway, wires: readonly LegacyWire[]): Promise<Socket> {
  const socket = await connected(gateway)
  socket.write(wires.map(({ sessionId }) => request(gateway, 'GET /servers/probe/mcp HTTP/1.1', `Accept: text/event-stream\r\nMcp-Session-Id: ${sessionId ?? ''}`)).join(''))
  return socket
}

/** One request as it stands, and all that comes back. */
async function sent (gateway: TestGateway, line: string, headers: string, body: string): Promise<string> {
  const socket = await connected(gateway)
  socket.write(`${request(gateway, line, headers)}${body}`)
  return await text(socket)
}

async function connected (gateway: TestGateway): Promise<Socket> {
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  await once(socket, 'connect')
  return socket
}

function request (gateway: TestGateway, line: string, headers: string): string {
  const bearer = Object.entries(gateway.keyOf('u0').bearer).map(([name, value]) => `${name}: ${String(value)}`).join('\r\n')
  return `${line}\r\nHost: ${new URL(gateway.url).host}\r\n${bearer}\r\n${headers}\r\n\r\n`
}

async function start (t: { after (end: () => Promise<unknown>): void }): Promise<TestGateway> {
  const gateway = await startGateway({ users, config: { processes: 2, mcpServers: { probe: probe({ sandbox: { level: 'none' } }) }, limits: roomyLimits } })
  t.after(() => gateway.stop())
  return gateway
}

async function opened (gateway: TestGateway): Promise<LegacyWire> {
  const wire = gateway.wire('u0', 'probe')
  await wire.open()
  return wire
}

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { probe } from '../../helpers/server-entries.ts'
import { atMost, noted } from '../figure.ts'
import type { Row } from '../figure.ts'
import { echo, inLanes, MB, opened, pause, watchDelay, watchMemory, withGateway } from '../scene.ts'

const RESULT_BYTES = 4_000_000

/** FR35. */
export const heavyJson: Row = {
  id: 'FR35',
  title: 'bodies of 4 MB full of small values, as fast as they are answered',
  run: ({ isQuick }) => withGateway({ users: 4, entry: probe(), config: { http: { maxBodyBytes: 8_000_000 } } }, async (gateway, users) => {
    const wires = await Promise.all(users.map((user) => opened(gateway, user)))
    // As many values as fit; as many keys would be refused for their number (T34).
    const members = Array.from({ length: 400_000 }, (_, index) => [index % 10, null])
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'size', arguments: { data: 'x', members } } })
    const statuses: Record<string, number> = {}
    const delays = watchDelay(gateway)
    await inLanes(isQuick ? 40 : 200, 4, async (index) => {
      const answer = await wires[index % wires.length]?.post(body, { 'content-type': 'application/json' })
      const status = await answer?.ended === 'complete' ? String(answer?.status) : 'cut'
      statuses[status] = (statuses[status] ?? 0) + 1
    })
    const worstMs = await delays.stop()
    const after = await Promise.all(wires.map((wire) => echo(wire, 'after')))
    return [
      noted('statuses', JSON.stringify(statuses)),
      noted('mean delay of the event loop in the worst second', worstMs, ' ms'),
      atMost('errors afterwards', 0, after.filter(({ outcome }) => outcome !== 'ok').length)
    ]
  })
}

/** FR37. */
export const unreadResults: Row = {
  id: 'FR37',
  title: '500 results of 4 MB at once, for clients that do not read',
  run: ({ isQuick }) => withGateway({ users: 2, entry: probe({ isolation: 'shared', timeoutMs: 60_000 }) }, async (gateway, users) => {
    const [user = '', other = ''] = users
    const wire = await opened(gateway, user)
    const neighbour = await opened(gateway, other)
    const memory = watchMemory(gateway.pid)
    const { hostname, port, host } = new URL(gateway.url)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'blob', arguments: { bytes: RESULT_BYTES } } })
    const head = `POST /servers/server/mcp HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${gateway.keyOf(user).bearer['authorization']}\r\nmcp-session-id: ${wire.sessionId}\r\n` +
      `accept: application/json, text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
    const statuses: Record<string, number> = {}
    const sockets: Socket[] = Array.from({ length: isQuick ? 125 : 500 }, () => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {}).once('data', (chunk: Buffer) => {
        const status = chunk.toString('latin1', 9, 12)
        statuses[status] = (statuses[status] ?? 0) + 1
        socket.pause()
      })
      socket.write(head + body)
      return socket
    })
    await pause(isQuick ? 8000 : 20_000)
    const beside = await echo(neighbour, 'beside', {}, 20_000)
    for (const socket of sockets) socket.destroy()
    const { peakBytes } = memory.stop()
    const after = await echo(neighbour, 'after', {}, 20_000)
    return [
      noted('statuses', JSON.stringify(statuses)),
      noted('largest memory of the gateway', peakBytes / MB, ' MiB'),
      noted('a neighbour meanwhile', beside.outcome),
      atMost('the gateway has ended', 0, after.outcome === 'ok' ? 0 : 1)
    ]
  })
}

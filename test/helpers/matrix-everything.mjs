// The official server-everything, with two things added for the matrix: over HTTP it listens on a free loopback port and prints
// {"url": …}, and it keeps a journal of the calls that reached it and the cancellations that did, because its own tools tell
// nobody that they were cancelled.
//
//   node matrix-everything.mjs <stdio|streamableHttp|sse> <journal file>
//
// A line of the journal is JSON: {"call": <arguments>} or {"cancelled": <arguments of the call>}.
import { appendFileSync } from 'node:fs'
import { Server } from 'node:net'

const [transport, journal] = process.argv.slice(2)
const packages = new URL('../clients/node_modules/@modelcontextprotocol/', import.meta.url)
const note = (entry) => appendFileSync(journal, `${JSON.stringify(entry)}\n`)

const { Protocol } = await import(new URL('sdk/dist/esm/shared/protocol.js', packages).href)
const { _onrequest: onRequest, _oncancel: onCancel } = Protocol.prototype
const calls = new WeakMap()

Protocol.prototype._onrequest = function (request, extra) {
  if (request.method === 'tools/call') {
    if (!calls.has(this)) calls.set(this, new Map())
    calls.get(this).set(request.id, request.params.arguments)
    note({ call: request.params.arguments })
  }
  return onRequest.call(this, request, extra)
}

Protocol.prototype._oncancel = async function (notification) {
  await onCancel.call(this, notification)
  note({ cancelled: calls.get(this)?.get(notification.params.requestId) })
}

if (transport !== 'stdio') {
  const { listen } = Server.prototype
  Server.prototype.listen = function (_port, onListening) {
    return listen.call(this, 0, '127.0.0.1', () => {
      onListening?.()
      console.log(JSON.stringify({ url: `http://127.0.0.1:${this.address().port}/${transport === 'sse' ? 'sse' : 'mcp'}` }))
    })
  }
}
process.argv[2] = transport
await import(new URL('server-everything/dist/index.js', packages).href)

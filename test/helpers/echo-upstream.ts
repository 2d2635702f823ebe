import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { MODERN } from './modern-wire.ts'

/** A server over HTTP whose tool `echo` says back its argument `text`, in whatever framing comes next. */
export interface EchoUpstream {
  readonly url: string
  stop (): void
}

interface Asked { readonly id?: number, readonly method: string, readonly params?: { readonly arguments?: { readonly text?: string } } }

/** Bytes of one write of a chunked answer; odd, so that it ends within characters and members. */
const PIECE_BYTES = 8191
/** Every so many answers break off in the middle. */
const BROKEN_EVERY = 41

/** Starts it on loopback. Answers come as JSON with a length, as JSON in chunks and as a stream, in turn; now and then one breaks off. */
export async function startEchoUpstream (era: 'legacy' | 'modern'): Promise<EchoUpstream> {
  let answers = 0
  const server = createServer((request, response) => {
    buffer(request).then((body) => {
      if (request.method !== 'POST') return response.writeHead(405).end()
      const message = JSON.parse(body.toString()) as Asked
      if (message.id === undefined) return response.writeHead(202).end()
      const text = era === 'legacy' ? legacyAnswer(message) : modernAnswer(message)
      if (message.method !== 'tools/call') return response.writeHead(200, { 'content-type': 'application/json' }).end(text)
      reply(response, Buffer.from(text), ++answers)
    }).catch(() => { gone(request) })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    stop: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** Its request was given up before it was whole. */
function gone (request: IncomingMessage): void {
  request.destroy()
}

function reply (response: ServerResponse, text: Buffer, turn: number): void {
  if (turn % BROKEN_EVERY === 0) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length })
    response.write(text.subarray(0, text.length >> 1), () => { response.destroy() })
  } else if (turn % 3 === 0) response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text)
  else if (turn % 3 === 1) {
    response.writeHead(200, { 'content-type': 'application/json' })
    for (let at = 0; at < text.length; at += PIECE_BYTES) response.write(text.subarray(at, at + PIECE_BYTES))
    response.end()
  } else response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`event: message\ndata: ${text.toString()}\n\n`)
}

const TOOLS = [{ name: 'echo', inputSchema: { type: 'object' } }]

function legacyAnswer ({ id, method, params }: Asked): string {
  switch (method) {
    case 'initialize': return answer(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'echo', version: '1.0.0' } })
    case 'tools/call': return answer(id, { content: said(params) })
    default: return answer(id, method === 'tools/list' ? { tools: TOOLS } : {})
  }
}

function modernAnswer ({ id, method, params }: Asked): string {
  const complete = (result: object): string => answer(id, { resultType: 'complete', ...result })
  switch (method) {
    case 'server/discover': return complete({ ttlMs: 0, cacheScope: 'private', supportedVersions: [MODERN], capabilities: { tools: {} }, _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'echo', version: '1.0.0' } } })
    case 'tools/call': return complete({ content: said(params) })
    case 'tools/list': return complete({ ttlMs: 0, cacheScope: 'private', tools: TOOLS })
    default: return JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32022, message: 'Unsupported protocol version', data: { supported: [MODERN], requested: '2025-11-25' } } })
  }
}

function answer (id: number | undefined, result: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result })
}

function said (params: Asked['params']): Array<{ type: string, text: string | undefined }> {
  return [{ type: 'text', text: params?.arguments?.text }]
}

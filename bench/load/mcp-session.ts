import { connect, type Socket } from 'node:net'
import { HttpSocket, type Outcome } from './http-socket.ts'
import { judge, type Verdict } from './json-rpc-reply.ts'
import type { Endpoint } from './messages.ts'

const REVISION = '2025-06-18'
const SESSION_ID = /^mcp-session-id:\s*(\S+)/im

/** One client: its own keep-alive socket, its session id if the server gave one, ids that start at 1 as everyone's do. */
export class McpSession {
  readonly #endpoint: Endpoint
  readonly #socket: HttpSocket
  readonly #name: string
  #headers: string
  #stream: Socket | undefined
  #nextId = 1

  /** @param name unique among all clients of the bench; part of every payload. */
  constructor (endpoint: Endpoint, credential: string | undefined, name: string) {
    this.#endpoint = endpoint
    this.#name = name
    this.#socket = new HttpSocket(endpoint.port)
    const auth = credential === undefined ? '' : `Authorization: Bearer ${credential}\r\n`
    this.#headers = `Host: 127.0.0.1:${endpoint.port}\r\n${auth}Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n`
  }

  /** initialize, then initialized. A floor has nothing to open. @throws when the server refuses. */
  async open (): Promise<void> {
    if (this.#endpoint.kind === 'echo') return
    const params = { protocolVersion: REVISION, capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } }
    const opened = await this.#socket.exchange(this.#post(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })))
    if (opened.error !== undefined || opened.status !== 200 || !opened.body.includes('"result"')) throw new Error(`initialize: ${describe(opened)}`)
    const sessionId = SESSION_ID.exec(opened.head)?.[1]
    this.#headers += `MCP-Protocol-Version: ${REVISION}\r\n` + (sessionId === undefined ? '' : `Mcp-Session-Id: ${sessionId}\r\n`)
    const noted = await this.#socket.exchange(this.#post('{"jsonrpc":"2.0","method":"notifications/initialized"}'))
    if (noted.error !== undefined || noted.status < 200 || noted.status > 299) throw new Error(`initialized: ${describe(noted)}`)
  }

  /** One tools/call of `echo`; `padding` fills the payload. Reports the verdict and when the answer was there. */
  call (padding: string, onDone: (verdict: Verdict, answeredAt: number) => void): void {
    const id = this.#nextId++
    const message = `${this.#name}.${id}.${padding}`
    const body = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"message":"${message}"}}}`
    this.#socket.send(this.#post(body), (outcome) => {
      onDone(judge(outcome, id, message), outcome.error !== undefined ? performance.now() : outcome.lastDataAt)
    })
  }

  /** The GET stream an idle client keeps open. Resolves when its headers came. */
  openStream (): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = connect({ port: this.#endpoint.port, host: '127.0.0.1' })
      this.#stream = stream
      const headers = this.#headers.replace(/^(Accept|Content-Type):.*\r\n/gm, '')
      stream.write(`GET ${this.#endpoint.path} HTTP/1.1\r\n${headers}Accept: text/event-stream\r\n\r\n`)
      stream.once('data', (chunk) => {
        const status = chunk.toString('latin1', 9, 12)
        if (status === '200') resolve()
        else reject(new Error(`GET stream: HTTP ${status}`))
      })
      stream.on('error', reject)
    })
  }

  /** DELETE, then the sockets go. Servers without sessions answer 4xx, which is no fault here. */
  async close (): Promise<void> {
    if (this.#headers.includes('Mcp-Session-Id')) {
      await this.#socket.exchange(`DELETE ${this.#endpoint.path} HTTP/1.1\r\n${this.#headers}Content-Length: 0\r\n\r\n`)
    }
    this.drop()
  }

  /** Vanishes: no DELETE, sockets cut. */
  drop (): void {
    this.#stream?.destroy()
    this.#socket.destroy()
  }

  #post (body: string): string {
    return `POST ${this.#endpoint.path} HTTP/1.1\r\n${this.#headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  }
}

const describe = (outcome: Outcome): string =>
  outcome.error !== undefined ? outcome.error : `HTTP ${outcome.status} ${outcome.body.slice(0, 200)}`

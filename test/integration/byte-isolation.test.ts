/**
 * Many users at once, with bodies on both sides of where members stay bytes, who break off, read late and share workers: each
 * gets every byte of their own answer and no byte of anybody else's (T18, T19, T31, T49).
 */
import assert from 'node:assert/strict'
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startEchoUpstream, type EchoUpstream } from '../helpers/echo-upstream.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { ACCEPT_BOTH } from '../helpers/legacy-wire.ts'
import { MODERN, modernParams } from '../helpers/modern-wire.ts'
import { pick, type Random, seeded } from '../helpers/random.ts'
import { manyUsers, roomyLimits, roomyPool } from '../helpers/server-entries.ts'
import { createSseParser } from '../helpers/sse-parser.ts'

/** One run each; more of them by hand: `BYTE_ISOLATION_SEEDS=1,2,3`. */
const SEEDS = (process.env['BYTE_ISOLATION_SEEDS'] ?? '7').split(',').map(Number)
const USERS = manyUsers(6, ['acme', 'globex'])
const CALLS = 500
const AT_ONCE = 24
const stdio = (file: string): { command: string, args: string[] } => ({ command: process.execPath, args: [fileURLToPath(new URL(`../fixtures/stdio-servers/${file}`, import.meta.url))] })

let rightAnswers = 0

/** How the body of a call is sent and its answer is read. */
const MANNERS = ['plain', 'plain', 'plain', 'plain', 'pieces', 'slow', 'slow', 'pipelined', 'cut upload', 'cut waiting', 'cut reading'] as const
type Manner = typeof MANNERS[number]

interface Call {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: Buffer
  readonly id: string
  readonly text: string
  readonly user: string
}

describe('bytes of many users', () => {
  let gateway: TestGateway
  let upstreams: EchoUpstream[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  /** Sessions by user and path. */
  const sessions = new Map<string, string>()
  const servers = ['own', 'shared', 'modern', 'http', 'modernhttp']

  before(async () => {
    upstreams = await Promise.all([startEchoUpstream('legacy'), startEchoUpstream('modern')])
    const http = upstreams.map(({ url }) => ({ type: 'http', url, allowPrivateNetwork: true, isolation: 'shared' }))
    gateway = await startGateway({
      users: USERS,
      config: {
        mcpServers: { own: { ...stdio('echo.mjs'), pool: roomyPool }, shared: { ...stdio('echo.mjs'), isolation: 'shared' }, modern: { ...stdio('modern-echo.mjs'), isolation: 'shared' }, http: http[0] ?? {}, modernhttp: http[1] ?? {} },
        limits: roomyLimits
      }
    })
    await Promise.all(USERS.map(async ({ user }) => {
      for (const path of ['/mcp', ...servers.map((server) => `/servers/${server}/mcp`)]) {
        const wire = gateway.wire(user, path)
        await wire.open()
        sessions.set(user + path, wire.sessionId ?? assert.fail())
      }
    }))
  })
  after(async () => {
    agent.destroy()
    for (const upstream of upstreams) upstream.stop()
    await gateway.stop()
  })

  function callOf (random: Random, number: number): Call {
    const { user } = pick(random, USERS)
    const server = pick(random, servers)
    const isAll = random() < 0.4
    const isModern = random() < 0.5
    const path = isAll ? '/mcp' : `/servers/${server}/mcp`
    const id = `${user}-${number}`
    const text = textOf(random, `<${id}>`)
    const name = isAll ? `${server}__echo` : 'echo'
    const params = { name, arguments: { text } }
    const era: Record<string, string> = isModern ? { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': name } : { 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': sessions.get(user + path) ?? '' }
    return {
      path,
      headers: { ...gateway.keyOf(user).bearer, accept: ACCEPT_BOTH, 'content-type': 'application/json', ...era },
      body: Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: isModern ? modernParams(params) : params })),
      id,
      text,
      user
    }
  }

  function begin ({ path, headers, body }: Call): ClientRequest {
    return request(gateway.url + path, { method: 'POST', agent, headers: { ...headers, 'content-length': String(body.length) } })
  }

  async function responseTo (outgoing: ClientRequest): Promise<IncomingMessage> {
    const [response] = await once(outgoing, 'response') as [IncomingMessage]
    return response
  }

  /** Carries a call out. @param meanwhile what a slow reader lets happen before reading */
  async function carryOut (call: Call, manner: Manner, meanwhile: () => Promise<void>): Promise<void> {
    if (manner === 'pipelined') return await pipelined(call)
    const outgoing = begin(call)
    if (manner.startsWith('cut')) return await cut(outgoing, call.body, manner, meanwhile)
    if (manner === 'pieces') for (let at = 0; at < call.body.length; at += 16_385) outgoing.write(call.body.subarray(at, at + 16_385))
    outgoing.end(manner === 'pieces' ? undefined : call.body)
    const response = await responseTo(outgoing)
    if (manner === 'slow') await meanwhile()
    check(call, response.statusCode, String(response.headers['content-type']), await bodyOf(response))
  }

  /** The client breaks off, while others go on. */
  async function cut (outgoing: ClientRequest, body: Buffer, manner: Manner, meanwhile: () => Promise<void>): Promise<void> {
    outgoing.on('error', () => {})
    if (manner === 'cut upload') {
      outgoing.write(body.subarray(0, body.length >> 1))
      await meanwhile()
    } else {
      outgoing.end(body)
      if (manner === 'cut waiting') await once(outgoing, 'finish')
      else await once(await responseTo(outgoing), 'readable')
    }
    outgoing.destroy()
  }

  /** Both requests are on the connection before the first answer is read. */
  async function pipelined (call: Call): Promise<void> {
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    const head = Object.entries({ host: 'localhost', ...call.headers, 'content-length': call.body.length }).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const one = Buffer.concat([Buffer.from(`POST ${call.path} HTTP/1.1\r\n${head}\r\n`), call.body])
    const last = Buffer.concat([Buffer.from(`POST ${call.path} HTTP/1.1\r\n${head}connection: close\r\n\r\n`), call.body])
    socket.write(Buffer.concat([one, last]))
    const answers = answersIn(await bodyOf(socket))
    assert.equal(answers.length, 2, `${call.id}: two answers`)
    for (const { status, type, body } of answers) check(call, status, type, body)
    socket.destroy()
  }

  for (const seed of SEEDS) {
    it(`each gets all of their own and nothing else (seed ${seed})`, { timeout: 60_000 }, async () => {
      const random = seeded(seed)
      rightAnswers = 0
      let left = CALLS
      const lane = async (): Promise<void> => {
        while (left-- > 0) {
          const plain = async (): Promise<void> => await carryOut(callOf(random, left), 'plain', async () => {})
          await carryOut(callOf(random, left), pick(random, MANNERS), async () => { await Promise.all([plain(), plain()]) })
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, lane))
      // Not all of them broke off.
      assert.ok(rightAnswers > CALLS / 2, `${rightAnswers} answers`)
      assert.deepEqual(gateway.logs().filter(({ level }) => Number(level) >= 50 || level === 'error'), [])
    })
  }
})

/** From one byte to 1 MiB, mostly near the sizes at which something else is done; ASCII or not. */
function textOf (random: Random, mark: string): string {
  const around = pick(random, [1, 300, 16_384, 16_384, 32_768, 65_536, 262_144, 1_000_000])
  const length = around < 1000 ? around : around - 400 + Math.floor(random() * 500)
  const unit = random() < 0.5 ? mark : `${mark}é€🦊"\\\n`
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length).replace(/[\ud800-\udbff]$/, '')
}

function check ({ id, text, user }: Call, status: number | undefined, type: string, body: Buffer): void {
  const message = messageIn(type, body)
  const { result, error, ...envelope } = JSON.parse(message) as { result?: { content: Array<{ text: string }> }, error?: { code: number } }
  assert.deepEqual(envelope, { jsonrpc: '2.0', id }, `${id}: an envelope of its own`)
  assert.equal(status, 200)
  // The server broke its answer off, or more waits for it than may: an error is in order, bytes are not.
  if (error !== undefined) assert.ok(error.code === 50201 || error.code === 50301, `${id}: ${JSON.stringify(error)}`)
  else assert.ok(result?.content.length === 1 && result.content[0]?.text === text, `${id}: not the text that was sent, of ${text.length} characters`)
  if (error === undefined) rightAnswers++
  for (const [mark] of message.matchAll(/<u\d+-/g)) if (mark !== `<${user}-`) assert.fail(`${id} got bytes of ${mark}`)
}

/** The last message of a JSON body or of a stream. */
function messageIn (type: string, body: Buffer): string {
  if (!type.startsWith('text/event-stream')) return body.toString()
  const messages: string[] = []
  createSseParser(({ data }) => { if (data !== undefined && data !== '') messages.push(data) })(body.toString())
  return messages.at(-1) ?? ''
}

async function bodyOf (stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

interface Answer { readonly status: number, readonly type: string, readonly body: Buffer }

/** All answers on a connection, and nothing after them. On a busy machine an answer may be a stream, in chunks. */
function answersIn (bytes: Buffer): Answer[] {
  const answers: Answer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\r\n\r\n', at)
    const head = bytes.toString('latin1', at, end)
    const [, status] = /^HTTP\/1\.1 (\d+)/.exec(head) ?? assert.fail(`no head: ${head.slice(0, 100)}`)
    const [, type = ''] = /^content-type: (.*)$/mi.exec(head) ?? []
    const [, length] = /^content-length: (\d+)\r?$/mi.exec(head) ?? []
    const { body, next } = length === undefined ? unchunked(bytes, end + 4) : { body: bytes.subarray(end + 4, end + 4 + Number(length)), next: end + 4 + Number(length) }
    answers.push({ status: Number(status), type, body })
    at = next
  }
  return answers
}

function unchunked (bytes: Buffer, start: number): { readonly body: Buffer, readonly next: number } {
  const chunks: Buffer[] = []
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    assert.ok(size >= 0, 'a chunk with a size')
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
    if (size === 0) return { body: Buffer.concat(chunks), next: at }
  }
}

import type { TestContext } from 'node:test'
import { errorReply } from '../../../src/protocol/index.ts'
import type { JsonObject, Reply } from '../../../src/protocol/index.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName, TenantId, UserId } from '../../../src/shared/ids.ts'
import type { Era } from '../../../src/shared/era.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import type { Worker } from '../../../src/stdio-pool/index.ts'
import type { CallHandle, ConnectionPeer, ConnectionRequest, UpstreamCall } from '../../../src/upstream/index.ts'
import { clientInfo } from '../../../src/upstream/client-info.ts'
import { shakeHands } from '../../../src/upstream/handshake.ts'
import { WireConnection } from '../../../src/upstream/wire-connection.ts'
import { until } from '../../helpers/until.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { bench, fixture, never, owner } from '../stdio-pool/pool-parts.ts'

/** Whose connection is wanted; alice of acme unless said otherwise. */
export function wanted (own: Partial<ServerSettings> = {}, who: { tenant?: string, user?: string, session?: string, capabilities?: JsonObject, era?: Era } = {}): ConnectionRequest {
  return {
    server: serverSettings(own),
    tenant: brandAs<TenantId>(who.tenant ?? 'acme'),
    user: brandAs<UserId>(who.user ?? 'alice'),
    capabilities: who.capabilities ?? {},
    sessionKey: who.session,
    era: who.era ?? 'legacy'
  }
}

/** The entry of a fixture server. */
export function runs (name: string, ...args: string[]): Partial<ServerSettings> {
  return { command: process.execPath, args: [fixture(name), ...args] }
}

/** A listener that keeps what it heard; `answer` decides about questions. */
export interface TestPeer extends ConnectionPeer {
  readonly heard: Array<{ readonly method: string, readonly params: JsonObject | undefined }>
  /** Messages that the puppet was sent. */
  saw (fits: (message: JsonObject) => boolean): JsonObject | undefined
  answer: (method: string, params: JsonObject | undefined, signal: AbortSignal) => Promise<Reply>
  ends: number
}

export function testPeer (): TestPeer {
  const heard: TestPeer['heard'] = []
  const peer: TestPeer = {
    heard,
    ends: 0,
    saw: (fits) => heard.flatMap(shownBy).find(fits),
    answer: () => Promise.resolve(errorReply('GW_UPSTREAM_ASK_REFUSED')),
    onRequest: (method, params, signal) => peer.answer(method, params, signal),
    onNotification: (method, params) => { heard.push({ method, params }) },
    onEnd: () => { peer.ends++ }
  }
  return peer
}

/** What a puppet shows of what it got; the modern one does it in log lines. */
function shownBy ({ method, params }: TestPeer['heard'][number]): JsonObject[] {
  const shown = method === 'puppet/saw' ? params?.['message'] : (params?.['data'] as JsonObject | undefined)?.['saw']
  return shown === undefined ? [] : [shown as JsonObject]
}

/** One call of a test, with everything that came back. */
export interface TestCall extends UpstreamCall {
  readonly replies: Reply[]
  readonly progress: JsonObject[]
}

export function testCall (own: Partial<UpstreamCall> = {}): TestCall {
  const replies: Reply[] = []
  const progress: JsonObject[] = []
  return {
    method: 'tools/call',
    params: { name: 'x' },
    timeoutMs: 60_000,
    maxTimeoutMs: 60_000,
    origin: 'test',
    replies,
    progress,
    onReply: (reply) => { replies.push(reply) },
    onProgress: (params) => { progress.push(params) },
    ...own
  }
}

export interface Puppet {
  readonly connection: WireConnection
  readonly worker: Worker
  readonly peer: TestPeer
  readonly faults: string[]
  readonly thrown: unknown[]
  /** Writes these lines to the gateway as they are; what is no string is written as JSON-RPC. */
  write (...lines: unknown[]): void
  /** Waits for the message that the server got. */
  got (what: string, fits: (message: JsonObject) => boolean): Promise<JsonObject>
  /** Makes a call and waits until the server has it. */
  begin (call: TestCall): Promise<{ readonly handle: CallHandle, readonly id: number }>
}

/** A puppet server behind a real connection, its handshake done. */
export async function openPuppet (t: TestContext, own: { era?: Era, serialise?: boolean, env?: Readonly<Record<string, string>>, peer?: TestPeer } = {}): Promise<Puppet> {
  const { era = 'legacy' } = own
  const { pool, launch } = await bench(t)
  const worker = await pool.start(launch({ ...runs(era === 'legacy' ? 'puppet.mjs' : 'modern-puppet.mjs'), env: own.env ?? {} }), owner('srv', 'acme', 'alice'), never)
  const faults: string[] = []
  const thrown: unknown[] = []
  const connection = new WireConnection({
    server: brandAs<ServerName>('srv'),
    wire: worker,
    clientInfo: clientInfo('0'),
    serialise: own.serialise ?? false,
    graceMs: 2000,
    nowMs: () => performance.now(),
    timeoutMs: 10_000,
    onFault: (kind) => { faults.push(kind) },
    onThrown: (error) => { thrown.push(error) }
  })
  const peer = own.peer ?? testPeer()
  await shakeHands(connection, { first: era, mayTryOther: false, probeMs: 10_000, answerMs: 10_000, peer, capabilities: {}, clientInfo: clientInfo('0') })
  pool.settled(worker)
  const got: Puppet['got'] = (what, fits) => until(`the server gets ${what}`, () => peer.saw(fits))
  return {
    connection,
    worker,
    peer,
    faults,
    thrown,
    got,
    write (...lines) {
      const texts = lines.map((line) => typeof line === 'string' ? line : JSON.stringify({ jsonrpc: '2.0', ...line as object }))
      worker.send(JSON.stringify({ jsonrpc: '2.0', method: 'puppet/write', params: { lines: texts } }))
    },
    async begin (call) {
      const marked = { ...call, params: { ...call.params, mark: Math.random() } }
      const handle = connection.call(marked)
      const message = await got('the call', (one) => (one['params'] as JsonObject | undefined)?.['mark'] === marked.params.mark)
      return { handle, id: message['id'] as number }
    }
  }
}

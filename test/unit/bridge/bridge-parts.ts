import type { TestContext } from 'node:test'
import { Relay, RelayedCall } from '../../../src/bridge/index.ts'
import type { FaceRewrite, RelayedCallOptions } from '../../../src/bridge/index.ts'
import type { JsonObject, Reply } from '../../../src/protocol/index.ts'
import type { Session } from '../../../src/session/index.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { createConnections } from '../../../src/upstream/index.ts'
import type { Place } from '../../../src/upstream/index.ts'
import { until } from '../../helpers/until.ts'
import { caller } from '../limits/callers.ts'
import { testExchange, testReader, testRegistry } from '../session/session-parts.ts'
import type { TestExchange, TestReader } from '../session/session-parts.ts'
import { bench, host } from '../stdio-pool/pool-parts.ts'
import { runs, testPeer, wanted } from '../upstream/upstream-parts.ts'

/** A call of a client with what was answered. */
export interface TestRelayedCall {
  readonly call: RelayedCall
  readonly exchange: TestExchange
  readonly replies: Reply[]
}

export function relayedCall (session: Session | undefined, own: Partial<RelayedCallOptions> = {}): TestRelayedCall {
  const exchange = testExchange()
  const replies: Reply[] = []
  const call = new RelayedCall({
    method: 'tools/call',
    params: { name: 'x' },
    timeoutMs: 60_000,
    maxTimeoutMs: 60_000,
    client: session,
    exchange,
    clientId: 1,
    cancelOnDisconnect: false,
    onDone: (reply) => { replies.push(reply) },
    ...own
  })
  return { call, exchange, replies }
}

/** Everything a client can do. */
export const ABLE: JsonObject = { sampling: {}, elicitation: {}, roots: { listChanged: true } }

export interface RelayBench {
  readonly relay: Relay
  readonly place: Place
  readonly faults: string[]
  /** A session of that user, attached. */
  session (user?: string, capabilities?: JsonObject): Session
  listen (session: Session): TestReader
  /** Sends a call and waits until the server has it. */
  begin (session: Session | undefined, own?: Partial<RelayedCallOptions>): Promise<TestRelayedCall & { readonly id: number }>
  /** Lets the server write these messages, in order. */
  write (...messages: object[]): void
  /** Waits for a message that the server got. */
  got (what: string, fits: (message: JsonObject) => boolean): Promise<JsonObject>
  /** All messages that the server got so far. */
  saw (method: string): JsonObject[]
  /** Waits until everything written before has been handled. */
  settled (): Promise<void>
  /** Ends the worker as a crash does. */
  crash (): Promise<void>
}

const PLAIN: FaceRewrite = { notification: (_client, _method, params) => params, question: (_client, params) => params }

/** A relay over a real puppet server. */
export async function relayBench (t: TestContext, own: Partial<ServerSettings> = {}, face: FaceRewrite = PLAIN): Promise<RelayBench> {
  const { pool, dir } = await bench(t)
  const { open } = testRegistry(t)
  const faults: string[] = []
  const heard = testPeer()
  let relay: Relay | undefined
  const connections = createConnections({
    pool,
    host,
    stateDir: dir,
    version: '0',
    nowMs: () => performance.now(),
    events: { opened () {}, startFailed: (_server, error) => { faults.push(error.code) }, fault: (_server, kind) => { faults.push(kind) }, thrown: (thrown) => { faults.push(String(thrown)) } }
  }, (place, request) => {
    const made = new Relay(place, request.server, face)
    relay = made
    return {
      onRequest: (method, params, signal) => made.onRequest(method, params, signal),
      onNotification (method, params) {
        heard.onNotification(method, params)
        made.onNotification(method, params)
      },
      onEnd: () => made.onEnd()
    }
  })
  t.after(() => connections.close())
  const place = connections.place(wanted({ ...runs('puppet.mjs'), ...own }))
  if (relay === undefined) throw new Error('no relay was made')
  const made: Relay = relay
  const got: RelayBench['got'] = (what, fits) => until(`the server gets ${what}`, () => heard.saw(fits))
  const write = (...messages: object[]): void => {
    const lines = messages.map((message) => JSON.stringify({ jsonrpc: '2.0', ...message }))
    place.connection?.notify('puppet/write', { lines })
  }
  return {
    relay: made,
    place,
    faults,
    session (user = 'alice', capabilities = ABLE) {
      const session = open({ principal: caller(user) })
      session.greet({ protocolVersion: '2025-06-18', capabilities })
      made.attach(session)
      session.onClose(() => made.detach(session))
      return session
    },
    listen (session) {
      const reader = testReader()
      session.attachReader(reader)
      return reader
    },
    async begin (session, options) {
      const mark = Math.random()
      const begun = relayedCall(session, { ...options, params: { name: 'x', ...options?.params, mark } })
      begun.call.send(await made.connection())
      const message = await got('the call', (one) => (one['params'] as JsonObject | undefined)?.['mark'] === mark)
      return { ...begun, id: message['id'] as number }
    },
    write,
    got,
    saw: (method) => heard.heard.flatMap(({ params }) => (params?.['message'] as JsonObject | undefined)?.['method'] === method ? [params?.['message'] as JsonObject] : []),
    async settled () {
      const mark = Math.random()
      write({ method: 'marker', params: { mark } })
      await until('the marker', () => heard.heard.some(({ method, params }) => method === 'marker' && params?.['mark'] === mark))
    },
    async crash () {
      const { connection } = place
      connection?.notify('puppet/exit', { code: 1 })
      await until('the end', () => connection?.open !== true)
    }
  }
}

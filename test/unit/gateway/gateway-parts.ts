import type { TestContext } from 'node:test'
import { createGateway } from '../../../src/gateway/index.ts'
import type { Caller, Gateway, GatewayOptions } from '../../../src/gateway/index.ts'
import { createMemoryLimiter } from '../../../src/limits/index.ts'
import { readModern } from '../../../src/protocol/index.ts'
import type { JsonObject, JsonRpcErrorBody, JsonRpcId, Reply } from '../../../src/protocol/index.ts'
import type { Exchange, Session, SessionRoute } from '../../../src/session/index.ts'
import type { GatewayError } from '../../../src/shared/errors.ts'
import type { ServerName } from '../../../src/shared/ids.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import type { Settings } from '../../../src/shared/settings.ts'
import type { CacheSettings } from '../../../src/shared/settings/cache.ts'
import type { LimitSettings } from '../../../src/shared/settings/limits.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import type { AuditRecord } from '../../../src/telemetry/index.ts'
import { createPolicy } from '../../../src/tenancy/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { until } from '../../helpers/until.ts'
import { caller, testClock } from '../limits/callers.ts'
import type { TestClock } from '../limits/callers.ts'
import { bench, host, limits as poolLimits } from '../stdio-pool/pool-parts.ts'
import { testReader } from '../session/session-parts.ts'
import type { TestReader } from '../session/session-parts.ts'

type Entry = Omit<Partial<ServerSettings>, 'name'>

export interface GatewayBenchOptions {
  /** Of the settings; default: lists are not reused. */
  readonly cache?: Partial<CacheSettings>
  /** Arguments are checked where an entry says so: otherwise servers see the calls of a test and nothing else. */
  readonly servers: Readonly<Record<string, Entry>>
  readonly limits?: Partial<LimitSettings>
  readonly tenants?: Settings['tenants']
  readonly drainMs?: number
  /** Changes what the gateway is made of; for faults. */
  readonly change?: (options: GatewayOptions) => GatewayOptions
}

/** One request of a client and everything that was done with its exchange, in order. */
export interface TestRequest {
  readonly emitted: JsonObject[]
  /** Replies, refusals and drops: exactly one in the end. */
  readonly answers: TestAnswer[]
  /** Waits for the answer. */
  answer (): Promise<TestAnswer>
}

export interface TestAnswer {
  readonly how: 'finish' | 'refuse' | 'drop'
  readonly id?: JsonRpcId | null
  readonly result?: JsonObject
  readonly error?: JsonRpcErrorBody
  /** Of a refusal. */
  readonly refused?: GatewayError
}

export interface TestClient {
  readonly session: Session
  readonly principal: Principal
  readonly listen: () => TestReader
  /** Sends a request. */
  ask (method: string, params?: JsonObject, id?: JsonRpcId): TestRequest
  /** Sends a request and waits for its answer. */
  get (method: string, params?: JsonObject, id?: JsonRpcId): Promise<TestAnswer>
  /** tools/call; the text of the result, or its error code. */
  call (name: string, args?: JsonObject): Promise<unknown>
  tell (method: string, params?: JsonObject): void
}

/** What a modern request says about itself, where a test does not say otherwise. */
export interface ModernSelf {
  readonly capabilities?: JsonObject
  readonly logLevel?: string
  readonly progressToken?: string | number
  readonly headers?: Readonly<Record<string, string>>
  readonly id?: JsonRpcId
}

/** A request of the modern era: nothing ties it to the next one. */
export interface TestModernRequest extends TestRequest {
  readonly method: string
  readonly params: JsonObject
  /** The connection is lost: whoever asked has gone. */
  leave (): void
}

export interface TestModernClient {
  readonly principal: Principal
  ask (method: string, params?: JsonObject, self?: ModernSelf): TestModernRequest
  /** Asks and waits for the answer. */
  get (method: string, params?: JsonObject, self?: ModernSelf): Promise<TestAnswer>
  /** The same request again, as the client of an `input_required` answer sends it: with answers and the state it was given. */
  again (request: TestModernRequest, answers: JsonObject | undefined, self?: ModernSelf): TestModernRequest
}

export interface GatewayBench {
  readonly gateway: Gateway
  readonly clock: TestClock
  readonly audit: AuditRecord[]
  readonly thrown: unknown[]
  /** Ended calls as the metrics see them. */
  readonly calls: string[]
  readonly workers: () => number
  caller (user?: string, own?: Partial<Principal>): Caller
  /** An open session that has not said hello. */
  open (user?: string, route?: string, face?: 'http' | 'sse', own?: Partial<Principal>): TestClient
  /** A session of a server's endpoint, or of the aggregate ('/'), that has said hello. */
  client (user?: string, route?: string, hello?: JsonObject, own?: Partial<Principal>): Promise<TestClient>
  /** Whoever sends modern requests to a server's endpoint, or to the aggregate ('/'). */
  modern (user?: string, route?: string, self?: ModernSelf, own?: Partial<Principal>): TestModernClient
}

export function routeTo (route: string): SessionRoute {
  return route === '/' ? { kind: 'aggregate' } : { kind: 'server', server: brandAs<ServerName>(route) }
}

export function testRequest (): TestRequest & { readonly exchange: Exchange } {
  const emitted: JsonObject[] = []
  const answers: TestAnswer[] = []
  return {
    emitted,
    answers,
    answer: () => until('an answer', () => answers[0], 20_000),
    exchange: {
      emit: (text) => { emitted.push(JSON.parse(text) as JsonObject) },
      finish: (id, reply: Reply) => { answers.push({ how: 'finish', id, ...reply } as unknown as TestAnswer) },
      drop: () => { answers.push({ how: 'drop' }) },
      refuse: (error, id) => { answers.push({ how: 'refuse', id, refused: error }) }
    }
  }
}

const NO_LIMITS: LimitSettings = { callsPerMinute: 1e6, requestsPerMinute: 1e6, initializePerMinute: 1e6, concurrentCalls: 1e4, ipRequestsPerMinute: 1e6 }

function settingsOf (options: GatewayBenchOptions, stateDir: string): Settings {
  const servers = Object.entries(options.servers).map(([name, entry]) => [brandAs<ServerName>(name), serverSettings({ entryHash: name, validateArguments: false, ...entry, name })] as const)
  return {
    revision: 1,
    mode: 'development',
    listen: { host: '127.0.0.1', port: 0 },
    management: { host: '127.0.0.1', port: 0 },
    http: { publicUrl: 'http://gateway.test', allowedHosts: [], allowedOrigins: [], trustedProxies: [], maxBodyBytes: 65_536 },
    servers: new Map(servers),
    ...(options.tenants === undefined ? {} : { tenants: options.tenants }),
    auth: { apiKeys: [], jwt: [] },
    limits: { ...NO_LIMITS, ...options.limits },
    sessions: { idleMs: 86_400_000, maxPerUser: 100 },
    pool: { maxWorkers: 1000, maxWorkersPerTenant: 1000, maxWorkersPerUser: 1000, maxStarting: 1000 },
    drainMs: options.drainMs ?? 20_000,
    // Tests of something else see what their servers say now.
    cache: { listTtlMs: 0, maxBytes: 67_108_864, ...options.cache },
    processes: 1,
    stateDir,
    logLevel: 'info',
    warnings: []
  }
}

/** The gateway with real limits, policy and workers; only the clock and the ears are the test's. */
export async function startGateway (t: TestContext, options: GatewayBenchOptions): Promise<GatewayBench> {
  const clock = testClock()
  const audit: AuditRecord[] = []
  const thrown: unknown[] = []
  const calls: string[] = []
  const { pool, dir } = await bench(t, { limits: poolLimits(), stopGraceMs: 200 })
  const settings = settingsOf(options, dir)
  const made: GatewayOptions = {
    settings,
    policy: createPolicy(settings),
    limiter: createMemoryLimiter(settings.limits, settings.tenants, settings.servers, { clock }),
    audit: { record: (entry) => { audit.push(entry) } },
    nowMs: clock.nowMs,
    version: '0',
    pool,
    host,
    events: {
      call: (server, method, outcome) => { calls.push(`${server} ${method} ${outcome}`) },
      policyRefused () {},
      argumentsRefused () {},
      cached () {},
      thrown: (error) => { thrown.push(error) },
      sessions: { opened () {}, closed () {}, ownerMismatch () {}, eventDropped () {} },
      upstream: { opened () {}, startFailed () {}, fault () {} }
    }
  }
  const gateway = createGateway(options.change?.(made) ?? made)
  t.after(() => gateway.stop())
  const callerOf = (user = 'alice', own: Partial<Principal> = {}): Caller => ({ principal: { ...caller(user), ...own }, requestId: 'r' })

  function open (user = 'alice', route = Object.keys(options.servers)[0] ?? '/', face: 'http' | 'sse' = 'http', own: Partial<Principal> = {}): TestClient {
    const asCaller = callerOf(user, own)
    const opened = gateway.open(asCaller, routeTo(route), face)
    if (opened instanceof Promise) throw new TypeError('in memory it is decided at once')
    if (!opened.ok) throw opened.error
    return clientOf(gateway, asCaller, opened.value)
  }

  return {
    gateway,
    clock,
    audit,
    thrown,
    calls,
    workers: () => [...pool.stats().byServer.values()].reduce((sum, count) => sum + count, 0),
    caller: callerOf,
    open,
    async client (user, route, hello = {}, own = {}) {
      const client = open(user, route, 'http', own)
      const { error } = await client.get('initialize', { protocolVersion: '2025-11-25', capabilities: {}, ...hello })
      if (error !== undefined) throw new Error(`initialize: ${JSON.stringify(error)}`)
      client.tell('notifications/initialized')
      return client
    },
    modern: (user, route = Object.keys(options.servers)[0] ?? '/', self = {}, own = {}) => modernClientOf(gateway, callerOf(user, own), routeTo(route), self)
  }
}

const META = 'io.modelcontextprotocol/'
let nextModernId = 1

function modernClientOf (gateway: Gateway, asCaller: Caller, route: SessionRoute, always: ModernSelf): TestModernClient {
  const ask: TestModernClient['ask'] = (method, params = {}, self = {}) => {
    const { capabilities = {}, logLevel, progressToken, headers = {}, id = nextModernId++ } = { ...always, ...self }
    const _meta = {
      [`${META}protocolVersion`]: '2026-07-28',
      [`${META}clientInfo`]: { name: 'test', version: '1' },
      [`${META}clientCapabilities`]: capabilities,
      ...(logLevel === undefined ? {} : { [`${META}logLevel`]: logLevel }),
      ...(progressToken === undefined ? {} : { progressToken })
    }
    const sent: JsonObject = { ...params, _meta }
    const named = params['name'] ?? params['uri']
    const mirrored = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...(typeof named === 'string' && /^[!-~]+$/.test(named) ? { 'mcp-name': named } : {}), ...headers }
    const read = readModern({ kind: 'request', id, method, params: sent }, mirrored)
    if (!read.ok) throw read.error
    const request = testRequest()
    const leave = gateway.receiveModern(asCaller, route, { id, method, params: sent, meta: read.value, headers: mirrored }, request.exchange)
    return { ...request, method, params, leave }
  }
  return {
    principal: asCaller.principal,
    ask,
    get: (method, params, self) => ask(method, params, self).answer(),
    again (request, answers, self) {
      const { inputResponses: _before, requestState: _old, ...params } = request.params
      const state = request.answers[0]?.result?.['requestState']
      return ask(request.method, { ...params, ...(answers === undefined ? {} : { inputResponses: answers }), ...(state === undefined ? {} : { requestState: state as string }) }, self)
    }
  }
}

function clientOf (gateway: Gateway, asCaller: Caller, session: Session): TestClient {
  let nextId = 1
  const ask: TestClient['ask'] = (method, params, id = nextId++) => {
    const request = testRequest()
    gateway.receive(session, asCaller, { kind: 'request', id, method, params }, request.exchange)
    return request
  }
  return {
    session,
    principal: asCaller.principal,
    ask,
    get: (method, params, id) => ask(method, params, id).answer(),
    async call (name, args = {}) {
      const { result, error, refused } = await ask('tools/call', { name, arguments: args }).answer()
      return result === undefined ? error?.code ?? refused?.code : (result['content'] as Array<{ text: string }>)[0]?.text
    },
    tell (method, params) {
      gateway.receive(session, asCaller, { kind: 'notification', method, params }, testRequest().exchange)
    },
    listen () {
      const reader = testReader()
      gateway.attach(session, reader, undefined)
      return reader
    }
  }
}

import type { Inbound } from '../protocol/index.ts'
import type { LimitDecision } from '../limits/index.ts'
import type { OwnerKey } from '../replicas/index.ts'
import { createSchemaBook } from '../schemas/index.ts'
import type { Exchange, Resumption, Session, SessionEnd, SessionRoute, StreamWriter } from '../session/index.ts'
import { GatewayError } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import { ok, refuse, type Result } from '../shared/result.ts'
import type { Settings } from '../shared/settings.ts'
import type { MakeRoom } from '../stdio-pool/index.ts'
import type { Caller, GatewayContext, ModernRequest } from './context.ts'
import { createContext } from './create-context.ts'
import { Generations } from './generations.ts'
import { livesAt } from './lives-at.ts'
import { modernTurn } from './modern-turn.ts'
import { receiveModern } from './modern.ts'
import { busyOwners, endOwned, endUnowned, hasOwned } from './owned.ts'
import { callPlainTool, drainingOutcome, type PlainCall, type PlainOutcome } from './plain-tools.ts'
import { attach, receive } from './receive.ts'
import { draining, limitError } from './refusals.ts'
import { countByEra, statusFor, statusForOperator, type EraCounts, type ServerStatus } from './status.ts'
import type { Gateway, GatewayOptions } from './types.ts'
import { urlNames } from './url-names.ts'
import { warmUp } from './warm-up.ts'

/** Builds the gateway of one process from its rooms. */
export function createGateway (options: GatewayOptions): Gateway {
  return new ProcessGateway(options)
}

class ProcessGateway implements Gateway {
  readonly #options: GatewayOptions
  readonly #generations: Generations
  readonly #schemas = createSchemaBook()
  /** What does not depend on the configuration is the same in all generations. */
  readonly #context: GatewayContext
  #byUrlName: ReturnType<typeof urlNames>
  #isDraining = false
  #handsOver = false
  #isWarm = false
  readonly makeRoom: MakeRoom
  readonly reopen?: NonNullable<Gateway['reopen']>

  constructor (options: GatewayOptions) {
    this.#options = options
    this.#generations = new Generations(options.settings)
    this.#context = createContext(options, this.#generations, this.#schemas)
    this.#byUrlName = urlNames(options.settings)
    const { connections, reopening } = this.#context
    this.makeRoom = (owner, bound) => connections.makeRoom(owner, bound)
    if (reopening !== undefined) this.reopen = async (sessionId, { principal }, route) => await reopening.find(sessionId, principal, route)
  }

  get sessionCounts (): { readonly http: number, readonly sse: number } {
    const { sessions } = this.#context
    return { http: sessions.countByFace('http'), sse: sessions.countByFace('sse') }
  }

  get callsInFlight (): number { return this.#context.work.count }
  get parkedCalls (): number { return this.#context.parks.size }
  get openListens (): number { return this.#context.listens.size }
  get draining (): boolean { return this.#isDraining }

  get failingServers (): number {
    return [...this.#generations.settings.servers.keys()].filter((name) => this.#context.connections.lastFailure(name) !== undefined).length
  }

  connectionCounts (): ReadonlyMap<ServerName, EraCounts> {
    return countByEra(this.#context.connections.status())
  }

  spares (server: ServerName): { readonly wanted: number, readonly ready: number } {
    return this.#context.connections.spares(this.#generations.current.server(server))
  }

  isCircuitOpen (server: ServerName): boolean | undefined {
    return this.#context.connections.isCircuitOpen(this.#generations.current.server(server))
  }

  // ---- sessions ----

  find (sessionId: string, { principal }: Caller, route: SessionRoute): Session | undefined {
    return this.#context.sessions.find(sessionId, principal, route)
  }

  has (sessionId: string): boolean {
    return this.#context.sessions.has(sessionId)
  }

  open (caller: Caller, route: SessionRoute, face: 'http' | 'sse'): Result<Session, GatewayError> | Promise<Result<Session, GatewayError>> {
    if (this.#isDraining) return refuse(draining())
    const decision = this.#context.limiter.initialize(caller.principal)
    return decision instanceof Promise ? decision.then((late) => this.#opened(caller, route, face, late)) : this.#opened(caller, route, face, decision)
  }

  #opened ({ principal }: Caller, route: SessionRoute, face: 'http' | 'sse', decision: LimitDecision): Result<Session, GatewayError> {
    // It may have begun while this was decided.
    if (this.#isDraining) return refuse(draining())
    if (!decision.admitted) return refuse(limitError(decision.refusal))
    const session = this.#context.sessions.open({ principal, route, face })
    return session === undefined ? refuse(new GatewayError('GW_SESSION_LIMIT', { retryAfterS: 10 })) : ok(session)
  }

  attach (session: Session, writer: StreamWriter, resume: Exclude<Resumption, 'over'> | undefined): () => void {
    return attach(this.#generations.of(session), session, writer, resume)
  }

  close (session: Session, reason?: SessionEnd): Promise<void> | undefined {
    this.#context.sessions.close(session, reason)
    return this.#context.reopening?.ending(session)
  }

  endOf (match: (principal: Principal) => boolean): number {
    const { sessions, listens } = this.#context
    const ended = [...sessions].filter(({ principal }) => match(principal))
    for (const session of ended) sessions.close(session)
    const before = listens.size
    listens.endAll(match)
    return ended.length + before - listens.size
  }

  // ---- requests ----

  receive (session: Session, caller: Caller, message: Inbound, exchange: Exchange): void {
    // Answers and notifications are what calls in flight may be waiting for.
    if (this.#handsOver && message.kind === 'request') exchange.refuse(draining(), message.id)
    else receive(this.#generations.of(session), session, caller, message, exchange)
  }

  receiveModern (caller: Caller, route: SessionRoute, request: ModernRequest, exchange: Exchange): () => void {
    if (this.#isDraining) {
      exchange.refuse(draining(), request.id)
      return () => undefined
    }
    return receiveModern(this.#generations.current, modernTurn(caller, route, request, exchange))
  }

  callTool (caller: Caller, route: SessionRoute, call: PlainCall, abort: AbortSignal): Promise<PlainOutcome> {
    if (this.#isDraining) return Promise.resolve(drainingOutcome())
    return callPlainTool(this.#generations.current, caller, route, call, abort)
  }

  status (principal: Principal): ServerStatus[] {
    return statusFor(this.#generations.current, principal)
  }

  statusForOperator (name: ServerName): object | undefined {
    const { settings, current } = this.#generations
    return settings.servers.has(name) ? statusForOperator(current, name) : undefined
  }

  serverNamed (principal: Principal, urlName: string): ServerName | undefined {
    const name = this.#byUrlName.get(urlName)
    return name !== undefined && this.#options.policy.mayUseServer(principal, name) ? name : undefined
  }

  // ---- replicas ----

  livesAt ({ principal }: Caller, route: SessionRoute, { method, params }: Pick<ModernRequest, 'method' | 'params'>): string | undefined {
    return this.#options.replica === undefined ? undefined : livesAt(this.#context, { principal, route, method, params })
  }

  hasOwned (key: OwnerKey): boolean { return hasOwned(this.#context, key) }
  async endOwned (key: OwnerKey): Promise<void> { await endOwned(this.#context, key) }
  busyOwners (): OwnerKey[] { return busyOwners(this.#context) }
  endUnowned (isUnowned: (principal: Principal, route: SessionRoute) => boolean): void { endUnowned(this.#context, isUnowned) }

  // ---- life ----

  warmUp (): void {
    this.#isWarm = true
    warmUp(this.#generations.current)
  }

  configure (next: Settings): void {
    const { sessions, connections } = this.#context
    this.#generations.next(next, sessions)
    this.#byUrlName = urlNames(next)
    sessions.configure(next.sessions)
    connections.configure(next.servers)
    if (this.#isWarm) warmUp(this.#generations.current)
  }

  async drain (handing?: { readonly maxMs: number }): Promise<void> {
    this.#isDraining = true
    this.#handsOver = handing !== undefined
    // No retry and no news can come any more.
    this.#context.parks.endAll()
    this.#context.listens.endAll()
    await this.#context.work.untilDone(handing?.maxMs ?? this.#generations.settings.drainMs)
    await this.stop()
  }

  async stop (): Promise<void> {
    const { parks, listens, work, sessions, connections, reopening } = this.#context
    this.#isDraining = true
    parks.endAll()
    listens.endAll()
    work.giveUp()
    // Whoever still waits is told that the call may have run, or that it has not, by how far it came.
    sessions.closeAll('draining')
    await connections.close()
    await this.#options.pool.close()
    this.#options.limiter.close()
    this.#schemas.close()
    reopening?.close()
  }
}

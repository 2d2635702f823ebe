import { API_KEY_ISSUER } from '../src/auth/index.ts'
import type { Authenticator } from '../src/auth/index.ts'
import { createGateway } from '../src/gateway/index.ts'
import type { Gateway } from '../src/gateway/index.ts'
import { createPackageStore } from '../src/packages/index.ts'
import type { PackageStore } from '../src/packages/index.ts'
import { createAddressCounts, createOnceStore } from '../src/redis/index.ts'
import type { Session } from '../src/session/index.ts'
import { systemClock } from '../src/shared/clock.ts'
import { brandAs, type ServerName } from '../src/shared/ids.ts'
import type { Principal } from '../src/shared/principal.ts'
import type { Settings } from '../src/shared/settings.ts'
import { createWorkerPool, readHostEnvironment } from '../src/stdio-pool/index.ts'
import type { WorkerPool } from '../src/stdio-pool/index.ts'
import { createLogger, createTelemetry, redact } from '../src/telemetry/index.ts'
import type { AuditSink, Logger, Telemetry } from '../src/telemetry/index.ts'
import { createPolicy } from '../src/tenancy/index.ts'
import { endStreamsOf, openStreams } from '../routes/answer/response-writer.ts'
import type { AppOptions, HealthState } from './app-options.ts'
import { createCallMeter, tenantsOf } from './call-meter.ts'
import { composeAuth } from './compose-auth.ts'
import { composeCache } from './compose-cache.ts'
import { composeLimits } from './compose-limits.ts'
import { upstreamEvents } from './upstream-events.ts'
import { composeAudit } from './compose-audit.ts'
import type { ComposedAudit } from './compose-audit.ts'
import { composeRedis } from './compose-redis.ts'
import type { SharedState } from './compose-redis.ts'
import { composeSandbox } from './compose-sandbox.ts'
import type { ContainedWorkers } from './compose-sandbox.ts'
import { composeReplicas } from './replicas/compose-replicas.ts'
import { composeSessions } from './replicas/compose-sessions.ts'
import { followPolicyHook } from './policy-hook.ts'
import { processMemory } from './process-memory.ts'
import { keySetCheck, watchKeySets } from './key-set-watch.ts'
import { watchServerLevels } from './server-levels.ts'
import { createReload } from './reload/create-reload.ts'
import type { Reload } from './reload/create-reload.ts'
import { createCurrentAuthenticator } from './reload/current-authenticator.ts'
import { createCurrentPolicy } from './reload/current-policy.ts'

export interface Composition {
  readonly options: AppOptions
  readonly gateway: Gateway
  readonly logger: Logger
  /** What replaces the configuration while it serves. */
  readonly reload: Reload
  /** Called when the listeners are up, and when draining begins. */
  setPhase (phase: HealthState['phase']): void
  /** After the gateway has stopped: what is left. */
  close (): Promise<void>
}

/** Builds every room from one snapshot of the settings. Starts no worker and listens on nothing. */
export function compose (settings: Settings, version: string, env: NodeJS.ProcessEnv): Composition {
  const clock = systemClock
  const telemetry = createTelemetry({ version, servers: settings.servers.keys() })
  telemetry.allow('tenant', tenantsOf(settings))
  const logger = createLogger({ level: settings.logLevel, onDropped: (lines) => telemetry.count('log_lines_dropped_total').inc(lines) })
  const shared = composeRedis(settings, telemetry, logger)
  const composedAudit = composeAudit(settings, { version, telemetry, logger, shared })
  const audit = composedAudit.sink
  const { makeAuthenticator, revocations, close: closeAuth } = composeAuth(settings, clock, telemetry, logger, shared)
  const authenticator = createCurrentAuthenticator(makeAuthenticator(settings))
  const policy = createCurrentPolicy(createPolicy(settings))
  const memory = processMemory(settings.processes)
  const replicas = composeReplicas(settings, shared, { telemetry, logger, clock, gateway: () => gateway, now: () => reload.settings })
  const limiter = composeLimits(settings, shared, { clock, telemetry, logger, noSessions: () => memory.noSessions, replicas: () => replicas?.replicas.live().length ?? 1 })
  const sharedSessions = composeSessions(replicas, shared, telemetry)
  const contained = composeSandbox(settings, env, telemetry, logger)
  const decisions = followPolicyHook(() => reload.settings, telemetry, logger)
  const pool = createPool(() => reload.settings, contained, telemetry, logger, audit, (owner, bound) => gateway.makeRoom(owner, bound))
  const gateway = createGateway({
    settings,
    policy,
    decisionPoint: () => decisions.point(),
    limiter,
    audit,
    cache: composeCache(settings, clock, memory, telemetry, shared),
    version,
    pool,
    nowMs: clock.nowMs,
    host: readHostEnvironment(env),
    ...storedPackages(settings, env, logger),
    ...(sharedSessions === undefined ? {} : { sharedSessions }),
    ...(shared === undefined ? {} : { once: createOnceStore(shared) }),
    ...(replicas === undefined ? {} : { replica: { instance: replicas.replicas.self.instance, newSessionId: () => replicas.replicas.newSessionId() } }),
    events: gatewayEvents(telemetry, logger, audit)
  })
  const reload = createReload(settings, { telemetry, logger, gateway, limiter, policy, authenticator, makePolicy: createPolicy, makeAuthenticator, endKeys: (ids) => { endCredentials(gateway, ({ issuer, credentialId }) => issuer === API_KEY_ISSUER && ids.has(credentialId)) } })
  revocations.onChange(() => { endCredentials(gateway, authenticator.isRevoked) })
  let phase: HealthState['phase'] = 'starting'
  readLevels(telemetry, gateway)
  watchServerLevels({ telemetry, now: () => reload.settings, gateway, pool })
  telemetry.beforeScrape(() => {
    memory.look()
    telemetry.level('memory_used_ratio').set(memory.share)
  })
  watchKeySets(telemetry, authenticator)
  return {
    gateway,
    logger,
    reload,
    options: {
      settings,
      now: () => reload.settings,
      telemetry,
      logger,
      audit,
      authenticator,
      revocations,
      policy,
      limiter,
      memory,
      gateway,
      clock,
      version,
      ...(replicas === undefined ? {} : { replicas }),
      ...(shared === undefined ? {} : { addressCounts: createAddressCounts(shared.store, shared.keys) }),
      health: () => healthOf(phase, reload, gateway, authenticator, shared, composedAudit),
      adminServer: (name) => adminView(gateway, brandAs<ServerName>(name))
    },
    setPhase (next) {
      phase = next
      if (next !== 'serving') return
      gateway.warmUp()
      contained.report().catch((error: unknown) => logger.error({ event: 'internal_fault', err: error }, 'what contains workers could not be found out'))
    },
    async close () {
      closeAuth()
      authenticator.close()
      decisions.close()
      await composedAudit.close()
      await shared?.store.close()
      telemetry.close()
      logger.close()
    }
  }
}

/** Ends what these principals have open: sessions, subscriptions, and streams of any kind. */
function endCredentials (gateway: Gateway, match: (principal: Principal) => boolean): void {
  gateway.endOf(match)
  endStreamsOf(match)
}

/** None for a configuration that is no file: it has no lock. */
function storedPackages ({ packages, mode }: Settings, env: NodeJS.ProcessEnv, logger: Logger): { packages?: PackageStore } {
  if (packages === undefined) return {}
  const onUnlocked = (server: ServerName, reason: string): void => logger.warn({ event: 'packages_unlocked', server, reason }, 'a launcher is started as written, and under sandbox.level auto not contained')
  return { packages: createPackageStore({ ...packages, mode, searchPath: env['PATH'] ?? '', nowMs: systemClock.nowMs, onUnlocked }) }
}

type MakeRoom = NonNullable<Parameters<typeof createWorkerPool>[0]['makeRoom']>

function createPool (now: () => Settings, { contain, sandbox }: ContainedWorkers, telemetry: Telemetry, logger: Logger, audit: AuditSink, makeRoom: MakeRoom): WorkerPool {
  return createWorkerPool({
    clock: systemClock,
    limits: {
      global: () => now().pool,
      server: (server) => now().servers.get(server)?.pool,
      tenantWorkers: (tenant) => now().tenants?.get(tenant)?.limits.workers,
      tenantWeight: (tenant) => now().tenants?.get(tenant)?.limits.weight
    },
    makeRoom,
    contain,
    uncontain: () => sandbox.close(),
    events: {
      workerStarted (worker) {
        const { server, tenant, user } = worker.owner
        telemetry.count('worker_spawn_total', { server }).inc()
        audit.record({ event: 'worker_started', server, ...(tenant === undefined ? undefined : { tenant }), ...(user === undefined ? undefined : { user }), outcome: 'ok' })
      },
      workerBound (worker) {
        const { server, tenant, user } = worker.owner
        audit.record({ event: 'worker_bound', server, ...(tenant === undefined ? undefined : { tenant }), ...(user === undefined ? undefined : { user }), outcome: 'ok' })
      },
      workerEnded (owner, exit) {
        const { server, tenant, user } = owner
        telemetry.count('worker_exit_total', { server, reason: exit.reason }).inc()
        audit.record({ event: 'worker_ended', server, ...(tenant === undefined ? undefined : { tenant }), ...(user === undefined ? undefined : { user }), outcome: exit.reason === 'stopped' ? 'ok' : 'error', code: exit.reason })
      },
      protocolError: (_server, kind) => telemetry.count('worker_protocol_error_total', { kind }).inc(),
      stderrBytes () {},
      supervisorLost: (reason) => logger.warn({ event: 'supervisor_lost', reason }, 'workers may outlive a killed gateway until the next worker starts')
    }
  })
}

function gatewayEvents (telemetry: Telemetry, logger: Logger, audit: AuditSink): Parameters<typeof createGateway>[0]['events'] {
  return {
    ...createCallMeter(telemetry),
    failed: (server, method, failure) => telemetry.count('call_failures_total', { server, method, failure }).inc(),
    away: (server) => telemetry.count('circuit_refusals_total', { server }).inc(),
    named: (_server, outcome) => telemetry.count('idempotent_calls_total', { outcome }).inc(),
    policyRefused: (kind) => telemetry.count('policy_refusals_total', { kind }).inc(),
    argumentsRefused: (reason) => telemetry.count('argument_refusals_total', { reason }).inc(),
    cached: (server, outcome) => telemetry.count('cache_lookups_total', { server, outcome }).inc(),
    thrown: (thrown) => logger.error({ event: 'internal_fault', err: thrown }, 'something of the gateway itself failed'),
    sessions: {
      opened (session) {
        telemetry.count('sessions_total', { face: faceLabel(session) }).inc()
        audit.record({ event: 'session_opened', tenant: session.principal.tenant, user: session.principal.user, credentialId: session.principal.credentialId, outcome: 'ok' })
      },
      closed: (session) => audit.record({ event: 'session_closed', tenant: session.principal.tenant, user: session.principal.user, credentialId: session.principal.credentialId, outcome: 'ok' }),
      ownerMismatch (principal) {
        telemetry.count('session_owner_mismatch_total').inc()
        audit.record({ event: 'refused', tenant: principal.tenant, user: principal.user, credentialId: principal.credentialId, outcome: 'refused', code: 'GW_SESSION_NOT_FOUND', reason: 'owner_mismatch' })
      },
      eventDropped: () => telemetry.count('events_dropped_total').inc()
    },
    upstream: {
      opened (server, startMs, kind) {
        telemetry.observe('worker_open_seconds', { server, kind }).observe(startMs / 1000)
        if (kind === 'cold') telemetry.observe('worker_start_seconds', { server }).observe(startMs / 1000)
      },
      recycled: (server, reason) => telemetry.count('worker_recycled_total', { server, reason }).inc(),
      spareReady: (server, startMs) => telemetry.observe('worker_open_seconds', { server, kind: 'spare' }).observe(startMs / 1000),
      sparesFailed: (server, reason) => logger.warn({ event: 'spares_failed', server, reason }, 'no spare workers are kept of a server for now'),
      startFailed: (server, error) => logger.warn({ event: 'start_failed', server, code: error.code, reason: error.details.reason }, 'a server could not be started'),
      fault: (_server, kind) => telemetry.count('worker_protocol_error_total', { kind }).inc(),
      ...upstreamEvents(telemetry, logger)
    }
  }
}

function faceLabel (session: Session): string {
  return session.face === 'sse' ? 'sse' : 'streamable'
}

/** Levels that are cheaper to look up at a scrape than to keep. */
function readLevels (telemetry: Telemetry, gateway: Gateway): void {
  telemetry.beforeScrape(() => {
    const { http, sse } = gateway.sessionCounts
    telemetry.level('sessions_open', { face: 'streamable' }).set(http)
    telemetry.level('sessions_open', { face: 'sse' }).set(sse)
    telemetry.level('listens_open').set(gateway.openListens)
    telemetry.level('parked_calls').set(gateway.parkedCalls)
    telemetry.level('sse_streams_open').set(openStreams())
    telemetry.count('worker_reassigned_total').inc(0)
  })
}

function healthOf (phase: HealthState['phase'], reload: Reload, gateway: Gateway, authenticator: Authenticator, shared: SharedState | undefined, audit: ComposedAudit): HealthState {
  const failing = gateway.failingServers
  const { size } = reload.settings.servers
  const config = reload.check()
  return {
    phase: gateway.draining ? 'draining' : phase,
    checks: {
      servers: failing === 0 ? { status: 'healthy', detail: `${size} configured` } : { status: 'degraded', detail: `${failing} of ${size} failed to start last time` },
      ...(config === undefined ? {} : { config }),
      ...(shared === undefined ? {} : { redis: shared.check() }),
      ...(audit.check === undefined ? {} : { audit: audit.check() }),
      ...keySetCheck(authenticator.keySets())
    }
  }
}

/** What an operator sees of a server; a worker's stderr goes through the same masking as the log (T58). */
function adminView (gateway: Gateway, name: ServerName): unknown {
  const view = gateway.statusForOperator(name)
  return view === undefined ? undefined : JSON.parse(JSON.stringify(view, (key, value: unknown) => key === 'stderr' && typeof value === 'string' ? redact(value) : value))
}

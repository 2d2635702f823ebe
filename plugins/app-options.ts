import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { Authenticator, Endpoints, Revocations } from '../src/auth/index.ts'
import type { Gateway } from '../src/gateway/index.ts'
import type { Limiter, MemorySteps } from '../src/limits/index.ts'
import type { AddressCounts } from '../src/redis/index.ts'
import type { Clock } from '../src/shared/clock.ts'
import type { Principal } from '../src/shared/principal.ts'
import type { ReloadOutcome } from '../src/shared/reload-outcome.ts'
import type { Settings } from '../src/shared/settings.ts'
import type { AuditSink, Logger, Telemetry } from '../src/telemetry/index.ts'
import type { Policy } from '../src/tenancy/index.ts'
import type { Arrival } from './edge/arrival.ts'
import type { Peers } from './peers.ts'
import type { ReplicaLinks } from './replicas/replica-links.ts'

/** Worst of the checks decides; `degraded` still takes traffic. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy'

/** What the composition knows about the gateway's state. No tenant data: /health needs no credential. */
export interface HealthState {
  readonly phase: 'starting' | 'serving' | 'draining'
  /** By name of what was checked: `workers`, `servers`, … */
  readonly checks: Readonly<Record<string, { readonly status: HealthStatus, readonly detail?: string }>>
}

/**
 * Everything the HTTP side is made from. One object goes to every plugin and route, because @fastify/autoload passes the
 * same options to all of them; each takes what it needs.
 */
export interface AppOptions {
  /** As at the start. */
  readonly settings: Settings
  /** As it serves now. */
  readonly now: () => Settings
  readonly telemetry: Telemetry
  readonly logger: Logger
  readonly audit: AuditSink
  readonly authenticator: Authenticator
  readonly revocations: Revocations
  readonly policy: Policy
  readonly limiter: Limiter
  readonly gateway: Gateway
  readonly clock: Clock
  /** Drawbridge's own version, for /health. */
  readonly version: string
  readonly health: () => HealthState
  /** What `/admin/servers/<name>` on the management listener shows; undefined = no such server. */
  readonly adminServer: (name: string) => unknown
  /** Reads the configuration anew, as a changed file would have it. Absent = nothing follows the files. */
  readonly wantReload?: () => Promise<ReloadOutcome | undefined> | undefined
  /** The other processes, with `processes: N`. Absent = this is the only one. */
  readonly peers?: Peers
  /** The other replicas, with `redis`. Absent = this gateway serves alone. */
  readonly replicas?: ReplicaLinks
  /** Requests without a valid credential, counted over all replicas. Absent = each process counts its own. */
  readonly addressCounts?: AddressCounts
  /** Most HTTP requests served at once, open streams included (FR34, FR37). Default 10 000. */
  readonly maxInFlight?: number
  /** Most bytes that bodies of requests and unread answers may hold together (FR37). Default 512 MiB. */
  readonly maxHeldBytes?: number
  /** How full the process's memory is (FR37). Absent = not looked at. */
  readonly memory?: MemorySteps
  /** When clients that do not read are cut (T31). Default: 60 s without movement, 256 MiB unread over all. */
  readonly slowReaders?: { readonly stalledMs: number, readonly maxUnreadBytes: number }
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Security headers of every answer, lower-case; for answers written past Fastify's reply. */
    securityHeaders: Readonly<Record<string, string>>
    /** The same as names and values one after the other. */
    securityLines: readonly string[]
    /** CORS gives answers headers of its own. */
    hasCors: boolean
    /** What the gateway and its endpoints are called by tokens and metadata; undefined while no OAuth is configured (RFC 9728). */
    endpoints: Endpoints | undefined
    /** Counts what is left unread on this connection, and cuts it when it is too much (FR37). */
    watchUnread: (socket: Socket) => void
    /**
     * Hands a request whose body was read over to the replica of this instance. False: it is this one, or has gone, or has handed it over
     * itself: it is served here. So it is when `serveHere` is called, because the replica turns out to be dead.
     */
    handOverTo: (request: FastifyRequest, reply: FastifyReply, instance: string, serveHere: () => void) => boolean
    /** May this request open a session here? Not where it was led by a session id to another replica than its user's. */
    opensHere: (request: FastifyRequest) => boolean
  }
  interface FastifyRequest {
    /** Set by the credential guard before any handler of a route that is not public. */
    principal: Principal | undefined
    /** What the edge noted about this request. */
    arrival: Arrival
  }
  interface FastifyContextConfig {
    /** Needs no credential. Absent = needs one. */
    public?: boolean
    /** Errors are JSON-RPC error bodies. */
    mcp?: boolean
  }
}

import { Server } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../../src/gateway/index.ts'
import type { Clock } from '../../src/shared/clock.ts'
import type { ReplicaLinks } from './replica-links.ts'

/** A load balancer that looks for a sign every five seconds has seen by then that this replica is not ready (FR31). */
const DEFAULT_LEAD_MS = 5000
/**
 * From the last new connection to the end of idle ones, in milliseconds: proxies that were refused one send nothing over those
 * that they keep, so that none is ended under a request (FR33).
 */
const LINGER_MS = 1000

interface LeaveOptions {
  readonly app: FastifyInstance
  readonly gateway: Gateway
  readonly clock: Clock
  readonly drainMs: number
  readonly leadMs: number | undefined
  /** Ends all waiting. */
  readonly now: AbortSignal
}

/**
 * Hands everybody over to other replicas and lets calls in flight finish (FR31): still takes requests for a while, which the
 * others serve, then no new connections. Where there is no other replica, the gateway drains as one that is alone.
 */
export async function leave ({ replicas, leaving }: ReplicaLinks, { app, gateway, clock, drainMs, leadMs = DEFAULT_LEAD_MS, now }: LeaveOptions): Promise<void> {
  const untilMs = clock.nowMs() + drainMs
  const leftMs = (): number => Math.max(0, untilMs - clock.nowMs())
  await replicas.drain()
  if (leaving.peerFor('') === undefined) return await gateway.drain()
  leaving.begin()
  await wait(Math.min(leadMs, drainMs), now)
  leaving.rest()
  stopListening(app)
  const lingering = wait(LINGER_MS, now)
  await gateway.drain({ maxMs: leftMs() })
  await lingering
  leaving.end()
}

/** Without ending idle connections, which http.Server.close does. */
function stopListening ({ server }: FastifyInstance): void {
  Server.prototype.close.call(server)
}

async function wait (ms: number, now: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal: now }).catch(() => undefined)
}

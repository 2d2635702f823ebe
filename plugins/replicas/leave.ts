import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../../src/gateway/index.ts'
import type { Clock } from '../../src/shared/clock.ts'
import type { ReplicaLinks } from './replica-links.ts'
import { LINGER_MS, stopListening } from './stop-listening.ts'

/** A load balancer that looks for a sign every five seconds has seen by then that this replica is not ready (FR31). */
const DEFAULT_LEAD_MS = 5000

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
  stopListening(app.server)
  const lingering = wait(LINGER_MS, now)
  await gateway.drain({ maxMs: leftMs() })
  await lingering
  leaving.end()
}

async function wait (ms: number, now: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal: now }).catch(() => undefined)
}

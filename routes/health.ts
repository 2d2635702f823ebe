import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AppOptions, HealthState, HealthStatus } from '../plugins/app-options.ts'
import { HEALTH, LIVE, READY } from './operations/state.ts'

const RANK: Readonly<Record<HealthStatus, number>> = { healthy: 0, degraded: 1, unhealthy: 2 }

type Checks = HealthState['checks']

/**
 * Probes, open to everybody and without tenant data (R21): `/live` says that the process answers, `/ready` and
 * `/health/ready` whether it takes traffic (503 while starting, draining, or without a usable key), `/health` what it
 * thinks of itself and why. A degraded gateway still takes traffic.
 */
export default async function healthRoutes (app: FastifyInstance, { health, authenticator, version, clock }: AppOptions): Promise<void> {
  for (const method of ['GET', 'HEAD'] as const) {
    app.route({ method, url: '/live', config: { public: true, docs: LIVE }, handler: (_request, reply) => { send(reply, 200, { status: 'live' }) } })
    app.route({ method, url: '/ready', config: { public: true, docs: READY }, handler: ready })
    app.route({ method, url: '/health/ready', config: { public: true, aliasOf: '/ready' }, handler: ready })
    app.route({ method, url: '/health', config: { public: true, docs: HEALTH }, handler: (_request, reply) => { describe(reply) } })
  }

  function ready (_request: unknown, reply: FastifyReply): void {
    const { phase } = health()
    const reasons = [...phase === 'serving' ? [] : [phase], ...authenticator.ready() ? [] : ['no usable verification key']]
    send(reply, reasons.length === 0 ? 200 : 503, { status: reasons.length === 0 ? 'ready' : 'not ready', reasons })
  }

  function describe (reply: FastifyReply): void {
    const { phase, checks: given } = health()
    const checks: Checks = {
      lifecycle: { status: phase === 'serving' ? 'healthy' : 'unhealthy', detail: phase },
      credentials: { status: authenticator.ready() ? 'healthy' : 'unhealthy' },
      ...given
    }
    const status = worst(checks)
    send(reply, status === 'unhealthy' ? 503 : 200, { status, version, timestamp: new Date(clock.wallMs()).toISOString(), checks })
  }
}

function worst (checks: Checks): HealthStatus {
  return Object.values(checks).reduce<HealthStatus>((found, { status }) => RANK[status] > RANK[found] ? status : found, 'healthy')
}

function send (reply: FastifyReply, status: number, body: unknown): void {
  if (status === 503) reply.header('retry-after', 1)
  reply.code(status).send(body)
}

import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../../plugins/app-options.ts'
import { exposeTogether } from '../../src/telemetry/index.ts'
import { METRICS } from '../operations/management.ts'

/** Prometheus' scrape target (R22, T59). The management guard has checked the token, where one is needed. */
export default async function metricsRoute (app: FastifyInstance, { telemetry, peers }: AppOptions): Promise<void> {
  app.get('/metrics', { config: { openOnLoopback: true, docs: METRICS } }, async (_request, reply) => {
    return await reply.header('content-type', telemetry.contentType).send(peers === undefined ? await telemetry.expose() : await exposeTogether(await peers.gather('metrics')))
  })
}

import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../plugins/app-options.ts'
import { callerOf } from './answer/target.ts'

/** The caller's own servers and their state (R9). */
export default async function statusRoutes (app: FastifyInstance, { gateway, version }: AppOptions): Promise<void> {
  for (const url of ['/status', '/health/mcp-status']) {
    app.get(url, (request, reply) => {
      const { principal } = callerOf(request)
      reply.send({ version, timestamp: new Date().toISOString(), servers: gateway.status(principal) })
    })
  }
}

import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../plugins/app-options.ts'
import { callerOf } from './answer/target.ts'
import { STATUS } from './operations/state.ts'

/** The caller's own servers and their state (R9). */
export default async function statusRoutes (app: FastifyInstance, { gateway, version }: AppOptions): Promise<void> {
  for (const [url, config] of [['/status', { docs: STATUS }], ['/health/mcp-status', { aliasOf: '/status' }]] as const) {
    app.get(url, { config }, (request, reply) => {
      const { principal } = callerOf(request)
      reply.send({ version, timestamp: new Date().toISOString(), servers: gateway.status(principal) })
    })
  }
}

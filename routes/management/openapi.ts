import type { FastifyInstance } from 'fastify'
import { MANAGEMENT_OPENAPI } from '../operations/management.ts'

/** For operators: the OpenAPI document of this listener. */
export default async function openapiRoute (app: FastifyInstance): Promise<void> {
  app.get('/admin/openapi.json', { config: { docs: MANAGEMENT_OPENAPI } }, (_request, reply) => {
    reply.header('content-type', 'application/json; charset=utf-8').send(app.openapiText())
  })
}

import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../../plugins/app-options.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import type { Replica } from '../../src/replicas/index.ts'
import { REPLICAS } from '../operations/management.ts'

/** For operators: the replicas as this one sees them. 404 where there is no Redis and so no other. */
export default async function replicaRoutes (app: FastifyInstance, { replicas: links }: AppOptions): Promise<void> {
  app.get('/admin/replicas', { config: { docs: REPLICAS } }, (_request, reply) => {
    if (links === undefined) throw new GatewayError('GW_HTTP_NOT_FOUND')
    const { replicas } = links
    const silent = new Set(replicas.silent())
    const view = (replica: Replica): object => ({ ...replica, isSelf: replica === replicas.self, answers: !silent.has(replica) })
    reply.send({ replicas: replicas.live().map(view), keysOwned: replicas.owned().length })
  })
}

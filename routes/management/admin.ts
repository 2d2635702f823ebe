import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../../plugins/app-options.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import { RELOAD, SERVER } from '../operations/management.ts'

/** For operators with the management token only: state of one server, with the end of its workers' stderr (rulings 2). */
export default async function adminRoutes (app: FastifyInstance, { adminServer, peers, wantReload }: AppOptions): Promise<void> {
  app.get('/admin/servers/:name', { config: { docs: SERVER } }, async (request, reply) => {
    const { name } = request.params as { readonly name: string }
    const server = adminServer(name)
    if (server === undefined) throw new GatewayError('GW_ROUTE_SERVER')
    // Each process has workers of its own; they answer in the order of the processes.
    return await reply.send(peers === undefined ? server : { processes: await peers.gather('admin-server', name) })
  })

  /** Reads the configuration anew, as SIGHUP and a changed file do: 200 = it serves, or nothing differs; 422 = its faults (FR44). */
  app.post('/admin/reload', { config: { docs: RELOAD } }, async (_request, reply) => {
    const outcome = await wantReload?.()
    if (outcome === undefined) throw new GatewayError('GW_HTTP_NOT_FOUND')
    return await reply.code(outcome.outcome === 'refused' ? 422 : 200).send(outcome)
  })
}

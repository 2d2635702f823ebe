import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../plugins/app-options.ts'
import { resourceMetadataUrl } from '../plugins/edge/resource-metadata-url.ts'

/** What tokens may be asked for (rulings 2). */
const SCOPES = ['tools:read', 'tools:call', 'resources:read', 'prompts:read']

/** Protected resource metadata, open to everybody: how a client finds the authorization server (RFC 9728, R10). */
export default async function wellKnownRoutes (app: FastifyInstance, { settings }: AppOptions): Promise<void> {
  const { oauth } = settings.auth
  const url = resourceMetadataUrl(settings)
  if (oauth === undefined || url === undefined) return
  const metadata = {
    resource: oauth.resource,
    authorization_servers: oauth.authorizationServers,
    bearer_methods_supported: ['header'],
    scopes_supported: SCOPES
  }
  app.get(url.pathname, { config: { public: true } }, (_request, reply) => { reply.send(metadata) })
}

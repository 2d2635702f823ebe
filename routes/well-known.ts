import type { FastifyInstance } from 'fastify'
import type { AppOptions } from '../plugins/app-options.ts'
import { SCOPES_SUPPORTED } from '../plugins/edge/scopes-supported.ts'
import { GatewayError } from '../src/shared/errors.ts'
import { metadataDocs } from './operations/discovery.ts'

/** The metadata of the gateway as a whole, of its aggregate endpoint, and of one server's (RFC 9728 3.1). */
const PATHS = ['', '/mcp', '/servers/:name/mcp'].map((path) => `/.well-known/oauth-protected-resource${path}`)

/**
 * Protected resource metadata, open to everybody: how a client finds the authorization server (RFC 9728, R10). Each path
 * names its own endpoint's URL, because clients compare it with the one they called. Any name of a server is answered, known
 * or not, with what the caller wrote: nobody learns here which servers exist (T25).
 */
export default async function wellKnownRoutes (app: FastifyInstance, { settings }: AppOptions): Promise<void> {
  const { oauth } = settings.auth
  const { endpoints } = app
  if (oauth === undefined || endpoints === undefined) return
  const metadata = {
    authorization_servers: oauth.authorizationServers,
    bearer_methods_supported: ['header'],
    scopes_supported: SCOPES_SUPPORTED
  }
  for (const url of new Set([...PATHS, new URL(endpoints.metadataUrl('')).pathname])) {
    app.get(url, { config: { public: true, docs: metadataDocs(url) } }, (request, reply) => {
      const [path = ''] = (request.raw.url ?? '').split('?')
      const resource = endpoints.describedAt(path)
      if (resource === undefined) throw new GatewayError('GW_HTTP_NOT_FOUND')
      reply.send({ resource, ...metadata })
    })
  }
}

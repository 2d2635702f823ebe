import { join } from 'node:path'
import autoload from '@fastify/autoload'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { AppOptions } from './plugins/app-options.ts'
import arrivals from './plugins/edge/arrivals.ts'
import errors from './plugins/edge/errors.ts'
import { answerUnroutable, refuseMalformed } from './plugins/edge/malformed.ts'
import managementGuard from './plugins/edge/management-guard.ts'
import { OpenRequests } from './plugins/edge/open-requests.ts'
import { declineUpgrades } from './plugins/edge/upgrades.ts'
import helmet from './plugins/external/helmet.ts'
import { describeRoutes } from './plugins/external/swagger.ts'
import { managementHeading } from './plugins/openapi/headings.ts'
import { newRequestId } from './src/shared/request-id.ts'

/** Management requests have no bodies worth waiting for. */
const REQUEST_TIMEOUT_MS = 10_000
/** In bytes, for the same reason. */
const MAX_BODY_BYTES = 65_536

/**
 * The operator's listener: /metrics and /admin. Its own server on its own address, so that no mistake in routing or in a
 * proxy in front of the public port can reach it (T59).
 */
export async function buildManagement (options: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    genReqId: () => newRequestId(),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    exposeHeadRoutes: false,
    return503OnClosing: false,
    frameworkErrors: answerUnroutable(options)
  })
  const open = new OpenRequests()
  app.removeAllContentTypeParsers()
  await app.register(helmet)
  await app.register(errors, options)
  await app.register(arrivals, { ...options, open })
  await app.register(managementGuard, options)
  await describeRoutes(app, managementHeading(options.version))
  await app.register(autoload, { dir: join(import.meta.dirname, 'routes/management'), options, dirNameRoutePrefix: false })
  declineUpgrades(app.server)
  refuseMalformed(app, open, options)
  await app.ready()
  return app
}

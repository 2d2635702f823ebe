import type { FastifyContextConfig, FastifyInstance } from 'fastify'
import type { AppOptions } from '../plugins/app-options.ts'
import { GatewayError } from '../src/shared/errors.ts'
import { OPENAPI, PAGE } from './operations/discovery.ts'
import { DOCS_FILES, PAGE_POLICY } from './pages/docs-page.ts'
import { createPublicFile, sendPublicFile } from './pages/public-file.ts'
import type { PublicFile } from './pages/public-file.ts'

/** The document changes with the version, and with a restart; a copy is asked about after five minutes. */
const CACHED = 'public, max-age=300'

/**
 * The API documentation, open to everybody: `/openapi.json` and the page `/docs` that shows it, public routes only (R55, rulings 2).
 * Everything is made once, when it is first asked for. Requests are counted by address, with those that lack a credential
 * (rulings 3): the page's program is large.
 */
export default async function docsRoutes (app: FastifyInstance, { telemetry }: AppOptions): Promise<void> {
  const countByAddress = app.createRateLimit()
  const refused = telemetry.count('limit_refusals_total', { limit: 'ip_requests' })

  app.addHook('onRequest', (request, _reply, done) => {
    countByAddress(request).then((limit) => {
      if (limit.isAllowed || !limit.isExceeded) return done()
      refused.inc()
      const resetS = Math.max(1, limit.ttlInSeconds)
      done(new GatewayError('GW_LIMIT_RATE', { retryAfterS: resetS, rateLimit: { limit: limit.max, remaining: 0, resetS } }))
    }, done)
  })
  // Behind the edge's own, which says `no-store` of everything. What is refused stays so.
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (reply.statusCode < 400) reply.header('cache-control', CACHED)
    if (reply.statusCode < 400 && request.routeOptions.url === '/docs') reply.header('content-security-policy', PAGE_POLICY)
    done()
  })

  serve('/openapi.json', { docs: OPENAPI }, () => createPublicFile('application/json; charset=utf-8', app.openapiText()))
  for (const [url, make] of DOCS_FILES) serve(url, url === '/docs' ? { docs: PAGE } : { partOf: '/docs' }, make)

  function serve (url: string, config: FastifyContextConfig, make: () => Promise<PublicFile>): void {
    const file = once(make)
    app.get(url, { config: { public: true, ...config } }, async (request, reply) => sendPublicFile(request, reply, await file()))
  }
}

/** A file that could not be made is tried again. */
function once<T> (make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

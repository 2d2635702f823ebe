import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import autoload from '@fastify/autoload'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { AppOptions } from './plugins/app-options.ts'
import { answerUnroutable } from './plugins/edge/malformed.ts'
import { hopOf } from './plugins/replicas/hops.ts'
import { newRequestId } from './src/shared/request-id.ts'

/** A request's headers have to be here this soon (T31). */
const HEADERS_TIMEOUT_MS = 10_000
/** A whole request, body included, has to be here this soon (T31). */
const REQUEST_TIMEOUT_MS = 30_000
/** How often Node looks for requests over those two. */
const CONNECTIONS_CHECK_MS = 5000
/** Longer than nginx keeps its side of an idle connection (60 s), so that ours is never the one that closes first (FR33). */
const KEEP_ALIVE_MS = 75_000
/** All headers of a request together; a credential may take 8 KiB (T11). */
const MAX_HEADER_BYTES = 16_384
/** A server's name is at most 32 characters, percent-encoded originals are longer. */
const MAX_PARAM_CHARS = 256

/**
 * The public HTTP side: third-party plugins, then our own, then routes, all from one options object. Listens on nothing
 * yet. `close` refuses new work with 503 and waits for the answers under way; draining is server.ts' job.
 */
export async function buildApp (options: AppOptions): Promise<FastifyInstance> {
  const app = await buildEdge(options)
  await app.register(autoload, { dir: folder('routes'), options, dirNameRoutePrefix: false, ignoreFilter: isInSubfolder })
  await app.ready()
  return app
}

/** Everything that a request passes before its route, without any route. */
export async function buildEdge (options: AppOptions): Promise<FastifyInstance> {
  const { http } = options.settings
  const app = Fastify({
    logger: false,
    genReqId: (request) => hopOf(request as IncomingMessage)?.requestId ?? newRequestId(),
    bodyLimit: http.maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: CONNECTIONS_CHECK_MS, maxHeaderSize: MAX_HEADER_BYTES },
    // Exact addresses or nobody: a hop count or `true` lets a caller choose its own address (T26).
    trustProxy: http.trustedProxies.length > 0 ? [...http.trustedProxies] : false,
    routerOptions: { ignoreTrailingSlash: false, ignoreDuplicateSlashes: false, caseSensitive: true, maxParamLength: MAX_PARAM_CHARS },
    exposeHeadRoutes: false,
    // The capacity guard answers while closing, in our own words.
    return503OnClosing: false,
    frameworkErrors: answerUnroutable(options)
  })
  await app.register(autoload, { dir: folder('plugins/external'), options, encapsulate: false })
  await app.register(autoload, { dir: folder('plugins/app'), options, encapsulate: false })
  return app
}

function folder (name: string): string {
  return join(import.meta.dirname, name)
}

/** `routes/` itself holds the public routes; its folders hold parts of them, and the management listener's. */
function isInSubfolder (path: string): boolean {
  return path.lastIndexOf('/') > 0
}

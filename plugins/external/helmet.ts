import helmet from '@fastify/helmet'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../app-options.ts'

/** An API that serves no pages: nothing may be loaded, framed, sniffed or sent along (R14). */
const POLICY = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: true },
  xFrameOptions: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
  crossOriginResourcePolicy: { policy: 'same-origin' },
  // Without meaning for answers that are not documents.
  crossOriginEmbedderPolicy: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  xPoweredBy: false
} as const

/** Which of several replicas gave an answer, for whoever reads logs: the tag that its session ids begin with. */
const REPLICA = 'x-drawbridge-replica'

/** Headers of the probe's answer that are HTTP's, not helmet's. */
const NOT_SECURITY = new Set(['connection', 'content-length', 'content-type', 'date', 'keep-alive'])

/**
 * Decorates the instance with the security headers of every answer, as an object and as names and values one after the other.
 * helmet makes them once, on an instance of its own: they never change, and its two asynchronous hooks would cost every request
 * more than all guards together.
 */
export default fp<Partial<Pick<AppOptions, 'settings'>>>(async (app, { settings }) => {
  const probe = Fastify({ logger: false })
  await probe.register(helmet, POLICY)
  probe.get('/', (_request, reply) => reply.send())
  const { headers } = await probe.inject('/')
  await probe.close()
  const security = Object.entries(headers).filter(([name]) => !NOT_SECURITY.has(name)).map(([name, value]) => [name, String(value)] as const)
  // Answers are one caller's; a shared cache does not know that X-API-Key is a credential.
  const replica = settings?.replica === undefined ? [] : [[REPLICA, settings.replica.name] as const]
  const standing = [...security, ['cache-control', 'no-store'] as const, ...replica]
  app.decorate('securityHeaders', Object.freeze(Object.fromEntries(standing)))
  app.decorate('securityLines', Object.freeze(standing.flat()))
}, { name: 'helmet-once' })

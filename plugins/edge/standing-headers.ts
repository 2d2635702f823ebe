import type { FastifyReply } from 'fastify'

/** What every answer carries besides its own headers: for answers that are written past Fastify's reply, where no hook adds it. */
export function standingHeaders ({ server, request }: FastifyReply): Readonly<Record<string, string>> {
  return { ...server.securityHeaders, 'x-request-id': request.id }
}

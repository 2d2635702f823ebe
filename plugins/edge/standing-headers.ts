import type { FastifyReply } from 'fastify'

/** What every answer carries besides its own headers: for answers that are written past Fastify's reply, where no hook adds it. */
export function standingHeaders ({ server, request }: FastifyReply): Readonly<Record<string, string>> {
  return { ...server.securityHeaders, 'x-request-id': request.id }
}

/** The same as names and values one after the other, for the caller to add to: Node takes them as they are, and no objects have to be put together. */
export function standingLines ({ server, request }: FastifyReply): string[] {
  return [...server.securityLines, 'x-request-id', request.id]
}

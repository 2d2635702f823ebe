import fp from 'fastify-plugin'
import type { FastifyRequest } from 'fastify'
import { isJsonMediaType } from '../../src/protocol/index.ts'
import { GatewayError } from '../../src/shared/errors.ts'
import { freeBytes } from '../../src/shared/free-bytes.ts'
import type { Count } from '../../src/telemetry/index.ts'
import type { AppOptions } from '../app-options.ts'
import { continueExpected } from './expectations.ts'
import type { OpenRequests } from './open-requests.ts'
import { wholeBody } from './taken-body.ts'

/** What bodies and unread answers may hold together (FR37): twice what unread answers may. */
export const MAX_HELD_BYTES = 536_870_912

type BodyDone = (error: Error | null, body?: Buffer) => void

/**
 * The one body parser: `application/json`, exactly, as bytes (T32); src/protocol parses them. Every other media type,
 * and any Content-Encoding, is 415; more than `http.maxBodyBytes` is 413, counted while it arrives (T30). An empty body
 * is no error here: clients send DELETE with a JSON content type and nothing in it.
 */
export default fp<AppOptions & { readonly open: OpenRequests }>(async (app, { settings, telemetry, open, maxHeldBytes = MAX_HELD_BYTES }) => {
  const refused = telemetry.count('limit_refusals_total', { limit: 'memory' })
  const { maxBodyBytes } = settings.http
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', (request: FastifyRequest, _payload: unknown, done: BodyDone) => {
    const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = request.headers
    if (!isJsonMediaType(type) || (encoding !== undefined && encoding !== 'identity')) return done(new GatewayError('GW_HTTP_MEDIA_TYPE'))
    const whole = wholeBody(request.raw)
    if (whole !== undefined) return done(null, whole)
    if (Number(length ?? 0) > maxBodyBytes) return done(new GatewayError('GW_HTTP_BODY_TOO_LARGE'))
    continueExpected(request.raw)
    collect(request, { maxBytes: maxBodyBytes, open, maxHeldBytes, refused }, done)
  })
}, { name: 'json-body' })

interface Bounds { readonly maxBytes: number, readonly open: OpenRequests, readonly maxHeldBytes: number, readonly refused: Count }

function collect ({ raw, arrival }: FastifyRequest, { maxBytes, open, maxHeldBytes, refused }: Bounds, done: BodyDone): void {
  const chunks: Buffer[] = []
  let bytes = 0
  const refuse = (error: Error): void => {
    raw.off('data', onData).off('end', onEnd).off('error', onError)
    done(error)
  }
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length
    if (bytes > maxBytes) return refuse(new GatewayError('GW_HTTP_BODY_TOO_LARGE'))
    arrival.bodyBytes = bytes
    open.bodyBytes += chunk.length
    if (open.heldBytes > maxHeldBytes) {
      refused.inc()
      return refuse(new GatewayError('GW_LIMIT_IN_FLIGHT', { retryAfterS: 1, reason: 'bytes held' }))
    }
    chunks.push(chunk)
  }
  // The listeners may stay, as the end is the last that a request says; what they hold may not.
  const onEnd = (): void => {
    const body = joined(chunks, bytes)
    chunks.length = 0
    done(null, body)
  }
  const onError = (error: Error): void => { refuse(new GatewayError('GW_HTTP_BAD_REQUEST', { reason: error.message }, error)) }
  raw.on('data', onData).on('end', onEnd).on('error', onError)
}

/** The chunks are nobody else's. */
function joined (chunks: readonly Buffer[], bytes: number): Buffer {
  const [only] = chunks
  if (only !== undefined && chunks.length === 1) return only
  const body = Buffer.concat(chunks, bytes)
  for (const chunk of chunks) freeBytes(chunk)
  return body
}

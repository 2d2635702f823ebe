import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Something that is the same for everybody, ready to be sent. */
export interface PublicFile {
  readonly contentType: string
  readonly bytes: Buffer
  /** The same, compressed once and for all. */
  readonly gzipped: Buffer
  /** Weak, because both encodings have it (RFC 9110 8.8.1). */
  readonly etag: string
}

const compressed = promisify(gzip)

/** Makes a file of a text or of bytes; compresses on a thread of the pool. */
export async function createPublicFile (contentType: string, content: string | Buffer): Promise<PublicFile> {
  const bytes = Buffer.from(content)
  return { contentType, bytes, gzipped: await compressed(bytes, { level: 9 }), etag: `W/"${hash('sha256', bytes, 'base64url').slice(0, 22)}"` }
}

/** Answers with a file, or with 304 to whoever has it already (RFC 9110 13.1.2). */
export function sendPublicFile (request: FastifyRequest, reply: FastifyReply, file: PublicFile): FastifyReply {
  reply.header('etag', file.etag).header('vary', varying(reply.getHeader('vary')))
  if (matches(request.headers['if-none-match'], file.etag)) return reply.code(304).send()
  const isCompressed = takesGzip(request.headers['accept-encoding'])
  if (isCompressed) reply.header('content-encoding', 'gzip')
  return reply.header('content-type', file.contentType).send(isCompressed ? file.gzipped : file.bytes)
}

/** CORS has noted that answers differ by Origin. */
function varying (known: number | string | string[] | undefined): string {
  return [known ?? [], 'Accept-Encoding'].flat().join(', ')
}

function matches (header: string | undefined, etag: string): boolean {
  return header !== undefined && (header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag.slice(2)))
}

/** `gzip` by name, and not refused with a weight of nothing (RFC 9110 12.5.3). */
function takesGzip (header: string | undefined): boolean {
  return header !== undefined && header.split(',').some((one) => /^\s*gzip\s*(?:;\s*q=(?:1|0\.0*[1-9])[0-9.]*\s*)?$/i.test(one))
}

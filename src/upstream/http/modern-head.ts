import type { RequestHead } from '../../net/index.ts'
import { encodeHeaderValue, mirroredName, mirrorHeaders, MODERN_REVISIONS, type JsonObject, type MirroredParam } from '../../protocol/index.ts'
import type { Hop } from './hop.ts'
import { postHeaders } from './request-headers.ts'

/** The modern revision that is spoken upstream: the newest that is served. */
const VERSION = MODERN_REVISIONS[0] ?? ''

/** What all modern requests to one server begin with. */
export function modernBase ({ outbound, headers }: Hop): RequestHead {
  return outbound.head('POST', postHeaders(headers, 'mcp-protocol-version', VERSION))
}

/**
 * Head of a modern request: version, method, name and mirrored arguments repeat what is in the body (MCP 2026-07-28
 * transports, standard request headers; SEP-2243).
 * @param base of {@link modernBase}
 * @param mirrored which arguments the tool wants in headers of their own
 */
export function modernHead (base: RequestHead, method: string, params: JsonObject, mirrored: readonly MirroredParam[] | undefined): RequestHead {
  const headers = ['mcp-method', encodeHeaderValue(method)]
  const name = mirroredName(method, params)
  if (name !== undefined) headers.push('mcp-name', encodeHeaderValue(name))
  if (mirrored !== undefined && mirrored.length > 0) {
    const own = mirrorHeaders(mirrored, params['arguments'])
    for (const header in own) headers.push(header, own[header] as string)
  }
  return base.with(headers)
}

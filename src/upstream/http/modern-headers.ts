import { encodeHeaderValue, mirroredName, mirrorHeaders, MODERN_REVISIONS, type JsonObject, type MirroredParam } from '../../protocol/index.ts'
import { postHeaders } from './request-headers.ts'

/** The modern revision that is spoken upstream: the newest that is served. */
const VERSION = MODERN_REVISIONS[0] ?? ''

/**
 * What the headers of all modern requests to one server have in common.
 * @param base of `baseHeaders`
 */
export function modernBase (base: readonly string[]): string[] {
  return postHeaders(base, 'mcp-protocol-version', VERSION)
}

/**
 * Headers of a modern request: version, method, name and mirrored arguments repeat what is in the body (MCP 2026-07-28
 * transports, standard request headers; SEP-2243).
 * @param base of {@link modernBase}
 * @param mirrored which arguments the tool wants in headers of their own
 * @returns as undici's flat list
 */
export function modernHeaders (base: readonly string[], method: string, params: JsonObject, mirrored: readonly MirroredParam[] | undefined): string[] {
  const headers = [...base, 'mcp-method', encodeHeaderValue(method)]
  const name = mirroredName(method, params)
  if (name !== undefined) headers.push('mcp-name', encodeHeaderValue(name))
  if (mirrored !== undefined && mirrored.length > 0) {
    const own = mirrorHeaders(mirrored, params['arguments'])
    for (const header in own) headers.push(header, own[header] as string)
  }
  return headers
}

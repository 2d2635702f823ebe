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

/** Tools whose heads are remembered; then it begins anew. */
const MAX_REMEMBERED = 256
/** Names are the caller's to invent: longer ones are written anew each time, so that the bound above is one of bytes too. */
const MAX_NAME_CHARS = 256

/**
 * Heads of modern requests to one server: version, method, name and mirrored arguments repeat what is in the body (MCP 2026-07-28
 * transports, standard request headers; SEP-2243).
 */
export class ModernHeads {
  readonly #base: RequestHead
  /** By the tool that is called, where nothing else is in them. */
  readonly #ofTools = new Map<string, RequestHead>()

  constructor (hop: Hop) {
    this.#base = modernBase(hop)
  }

  /** @param mirrored which arguments the tool wants in headers of their own */
  of (method: string, params: JsonObject, mirrored: readonly MirroredParam[] | undefined): RequestHead {
    const { name } = params
    const isPlain = method === 'tools/call' && (mirrored === undefined || mirrored.length === 0)
    if (!isPlain || typeof name !== 'string' || name.length > MAX_NAME_CHARS) return modernHead(this.#base, method, params, mirrored)
    const known = this.#ofTools.get(name)
    if (known !== undefined) return known
    if (this.#ofTools.size >= MAX_REMEMBERED) this.#ofTools.clear()
    const head = modernHead(this.#base, method, params, undefined)
    this.#ofTools.set(name, head)
    return head
  }
}

/**
 * One head, as {@link ModernHeads} makes them.
 * @param base of {@link modernBase}
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

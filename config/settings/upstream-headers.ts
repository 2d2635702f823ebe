import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'

/** RFC 9110 5.1. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/
/** Visible ASCII, blanks and tabs: everything else is read differently by different servers, and line breaks begin a new header. */
const VALUE = /^[\t\x20-\x7e]*$/
/** A braced word would be sent as it stands; whoever wrote it meant somebody to fill it, and nobody ever may (T51). Checks of templates see to `{tenant}` and `{user}`. */
const PLACEHOLDER = /\{(?!(?:tenant|user)\})[A-Za-z_][\w.-]*\}/
/** Belong to one connection (RFC 9110 7.6.1), to the framing of one message, or to the protocol that the gateway speaks itself. */
const OWN_NAMES = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding',
  'upgrade', 'http2-settings', 'host', 'expect', 'last-event-id'
])
/** `accept`, `accept-encoding`; `content-type`, `content-length`; `mcp-session-id`, `mcp-protocol-version`, `mcp-method`, `mcp-param-…`. */
const OWN_PREFIX = /^(?:accept(?:-|$)|content-|mcp-)/

/**
 * The headers that an entry adds to every request. A fault names the header and never its value, which is a credential
 * more often than not. Cookie is allowed: as the operator's own text it is a credential like any other (T14).
 */
export function checkHeaders (headers: Readonly<Record<string, string>> | undefined, place: Place, report: Report): void {
  const seen = new Set<string>()
  for (const [name, value] of Object.entries(headers ?? {})) {
    const at = within(place, 'headers', name)
    const complaint = complaintOf(name.toLowerCase(), value, seen)
    if (complaint !== undefined) report.fault(at, complaint)
    seen.add(name.toLowerCase())
  }
}

function complaintOf (name: string, value: string, seen: ReadonlySet<string>): string | undefined {
  if (!NAME.test(name)) return 'expected the name of an HTTP header'
  if (OWN_NAMES.has(name) || OWN_PREFIX.test(name)) return 'expected another header: Drawbridge sets this one itself'
  if (seen.has(name)) return 'expected a header named once; upper and lower case do not count'
  if (!VALUE.test(value)) return 'expected a value of visible ASCII characters, without line breaks'
  return PLACEHOLDER.test(value) ? 'expected no {placeholder}: nothing of a caller goes into headers' : undefined
}

/** Does the text hold a braced word? */
export function hasPlaceholder (text: string): boolean {
  return PLACEHOLDER.test(text)
}

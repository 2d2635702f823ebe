/** Revisions of the legacy era (handshake and sessions), newest first. */
export const LEGACY_REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const

/** One of {@link LEGACY_REVISIONS}. */
export type LegacyRevision = typeof LEGACY_REVISIONS[number]

/** What a client is offered that asks for a revision unknown here. */
export const LATEST_LEGACY: LegacyRevision = LEGACY_REVISIONS[0]

/** First revision of the modern era, in which each request stands alone. */
export const FIRST_MODERN = '2026-07-28'

/** Modern revisions served here, newest first. */
export const MODERN_REVISIONS: readonly string[] = [FIRST_MODERN]

/** First and, where it went again, last legacy revision with a feature (the revisions' changelogs). */
const features = {
  /** JSON-RPC batches came with 2025-03-26 and went with 2025-06-18. */
  batch: { since: '2025-03-26', until: '2025-03-26' },
  /** Streamable HTTP; before it only HTTP+SSE. */
  streamableHttp: { since: '2025-03-26' },
  /** `audio` content blocks. */
  audio: { since: '2025-03-26' },
  /** `message` in progress notifications. */
  progressMessage: { since: '2025-03-26' },
  /** `resource_link` content blocks. */
  resourceLinks: { since: '2025-06-18' },
  /** `structuredContent` and `outputSchema`. */
  structuredContent: { since: '2025-06-18' },
  /** `elicitation/create` in form mode. */
  elicitation: { since: '2025-06-18' },
  /** The MCP-Protocol-Version header on every request after initialize. */
  versionHeader: { since: '2025-06-18' },
  /** `elicitation/create` in URL mode and error -32042. */
  urlElicitation: { since: '2025-11-25' },
  /** Tasks of the session era. */
  tasks: { since: '2025-11-25' },
  /** Streams that open with an event of an id and no data; older clients cannot parse the empty data (SEP-1699). */
  streamPriming: { since: '2025-11-25' }
} as const satisfies Record<string, { readonly since: LegacyRevision, readonly until?: LegacyRevision }>

/** A difference between legacy revisions that callers ask for. */
export type RevisionFeature = keyof typeof features

/** Is this one of the legacy revisions served here? */
export function isKnownRevision (value: unknown): value is LegacyRevision {
  return (LEGACY_REVISIONS as readonly unknown[]).includes(value)
}

/**
 * The revision that answers `initialize`: the requested one if it is known, otherwise the newest legacy one. Never an
 * error, as every server in the field does it (MCP lifecycle, version negotiation).
 */
export function negotiate (requested: unknown): LegacyRevision {
  return isKnownRevision(requested) ? requested : LATEST_LEGACY
}

/** Does an MCP-Protocol-Version header name a modern revision, known here or not? A date from 2026-07-28 on. */
export function isModernVersion (headerValue: string | undefined): boolean {
  return headerValue !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(headerValue) && headerValue >= FIRST_MODERN
}

/** Has a legacy revision the feature? Revisions are dates, so they compare as text. */
export function hasFeature (revision: LegacyRevision, feature: RevisionFeature): boolean {
  const span: { readonly since: LegacyRevision, readonly until?: LegacyRevision } = features[feature]
  return revision >= span.since && (span.until === undefined || revision <= span.until)
}

import type { Logger } from './logger.ts'
import { MAX_FIELD_CHARS, safeText } from './safe-text.ts'
import type { AuditRecord, AuditSink } from './types.ts'

/** Most distinct texts remembered as safe: tenants, users, servers and tools repeat from line to line. */
const MAX_REMEMBERED = 2000

/**
 * Writes one line per audit record (R18): who, what, where, how it ended, how long it took; never arguments, results or
 * credentials. Field names are those of every other line, so that one query follows a request through the log.
 */
export function createAuditSink (logger: Logger): AuditSink {
  const remembered = new Map<string, string>()
  const safe = (text: string | undefined): string | undefined => {
    if (text === undefined) return undefined
    const known = remembered.get(text)
    if (known !== undefined) return known
    const cleaned = safeText(text)
    if (text.length > MAX_FIELD_CHARS) return cleaned
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.set(text, cleaned)
    return cleaned
  }
  return {
    record: (entry: AuditRecord) => {
      const name = safe(entry.name)
      const isTool = entry.method === 'tools/call'
      logger.record({
        audit: entry.event,
        request_id: entry.requestId,
        tenant: safe(entry.tenant),
        user: safe(entry.user),
        credential_id: safe(entry.credentialId),
        server: safe(entry.server),
        method: safe(entry.method),
        tool: isTool ? name : undefined,
        name: isTool ? undefined : name,
        outcome: entry.outcome,
        code: safe(entry.code),
        reason: safe(entry.reason),
        remote_address: safe(entry.remoteAddress),
        status: entry.httpStatus,
        duration_ms: entry.durationMs === undefined ? undefined : Math.round(entry.durationMs * 1000) / 1000
      }, entry.event)
    }
  }
}

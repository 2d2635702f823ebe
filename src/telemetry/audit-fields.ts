import { MAX_FIELD_CHARS, safeText } from './safe-text.ts'
import type { AuditRecord } from './types.ts'

/** Most distinct texts remembered as safe: tenants, users, servers and tools repeat from line to line. */
const MAX_REMEMBERED = 2000

/** The members of one audit line, in the order in which they are written; undefined ones are not. */
export type AuditFields = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * What an audit line says of a record (R18): who, what, where, how it ended, how long it took; never arguments, results or
 * credentials. Names are those of every other log line, so that one query follows a request. The result is safe to write.
 */
export function createAuditFields (): (entry: AuditRecord) => AuditFields {
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
  return (entry) => {
    const name = safe(entry.name)
    const isTool = entry.method === 'tools/call'
    return {
      audit: entry.event,
      request_id: entry.requestId,
      tenant: safe(entry.tenant),
      user: safe(entry.user),
      credential_id: safe(entry.credentialId),
      server: safe(entry.server),
      method: safe(entry.method),
      tool: isTool ? name : undefined,
      name: isTool ? undefined : name,
      arguments_hash: entry.argumentsHash,
      outcome: entry.outcome,
      code: safe(entry.code),
      reason: safe(entry.reason),
      remote_address: safe(entry.remoteAddress),
      status: entry.httpStatus,
      duration_ms: entry.durationMs === undefined ? undefined : Math.round(entry.durationMs * 1000) / 1000
    }
  }
}

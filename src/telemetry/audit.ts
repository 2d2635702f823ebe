import { createAuditText } from './audit-text.ts'
import type { Logger } from './logger.ts'
import type { AuditRecord, AuditSink } from './types.ts'

/** Writes one log line per audit record (R18). */
export function createAuditSink (logger: Logger): AuditSink {
  const textOf = createAuditText()
  return { record: (entry: AuditRecord) => { logger.recordText(textOf(entry), entry.event) } }
}

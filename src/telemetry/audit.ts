import { createAuditFields } from './audit-fields.ts'
import type { Logger } from './logger.ts'
import type { AuditRecord, AuditSink } from './types.ts'

/** Writes one log line per audit record (R18). */
export function createAuditSink (logger: Logger): AuditSink {
  const fieldsOf = createAuditFields()
  return { record: (entry: AuditRecord) => { logger.record(fieldsOf(entry), entry.event) } }
}

import { createAudit, FileOutput, readHeadKey, StdoutOutput, StreamOutput } from '../src/audit/index.ts'
import type { AuditEvents, AuditOutput, HeadKey } from '../src/audit/index.ts'
import { createAuditStream } from '../src/redis/index.ts'
import { systemClock } from '../src/shared/clock.ts'
import type { Settings } from '../src/shared/settings.ts'
import type { AuditSettings } from '../src/shared/settings/audit.ts'
import { createAuditSink, safeText } from '../src/telemetry/index.ts'
import type { AuditSink, Logger, Telemetry } from '../src/telemetry/index.ts'
import type { HealthState } from './app-options.ts'
import type { SharedState } from './compose-redis.ts'

/** The sink for all rooms, and what is to be done with it besides recording. */
export interface ComposedAudit {
  readonly sink: AuditSink
  /** What /health says; absent = records are lines of the log. */
  check? (): HealthState['checks'][string]
  close (): Promise<void>
}

interface AuditParts {
  readonly version: string
  readonly telemetry: Telemetry
  readonly logger: Logger
  readonly shared: SharedState | undefined
}

/** Records go to the log unless the configuration says otherwise; files are opened again on SIGHUP. */
export function composeAudit ({ audit, stateDir, replica }: Settings, parts: AuditParts): ComposedAudit {
  const log = createAuditSink(parts.logger)
  const outputs = (audit?.sinks ?? []).flatMap((sink) => outputOf(sink, parts.shared))
  if (audit === undefined || outputs.length === 0) return { sink: log, close: async () => {} }
  const failing = new Set<string>()
  const sink = createAudit({
    outputs,
    key: headKey(audit.keyFile, stateDir),
    whenFull: audit.whenFull,
    ...(audit.sinks.some(({ kind }) => kind === 'log') ? { log } : {}),
    wallMs: systemClock.wallMs,
    about: { version: parts.version, ...(replica === undefined ? {} : { replica: replica.name }) },
    events: auditEvents(parts, failing)
  })
  const reopen = (): void => { sink.reopen() }
  process.on('SIGHUP', reopen)
  return {
    sink,
    check: () => failing.size === 0 ? { status: 'healthy' } : { status: 'degraded', detail: `cannot be written: ${[...failing].join(', ')}` },
    close: async () => {
      process.off('SIGHUP', reopen)
      await sink.close()
    }
  }
}

/** Said as what it is: by its code alone it would be taken for a port that may not be listened on. */
function headKey (keyFile: string | undefined, stateDir: string): HeadKey {
  try {
    return readHeadKey(keyFile, stateDir)
  } catch (error) {
    throw new Error(`the key of the audit heads can be neither read nor made: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function outputOf (sink: AuditSettings['sinks'][number], shared: SharedState | undefined): AuditOutput[] {
  if (sink.kind === 'file') return [new FileOutput(sink.path, systemClock.nowMs)]
  if (sink.kind === 'stdout') return [new StdoutOutput()]
  if (sink.kind === 'redis' && shared !== undefined) return [new StreamOutput(createAuditStream(shared.store, shared.keys, sink.maxRecords))]
  return []
}

function auditEvents ({ telemetry, logger }: AuditParts, failing: Set<string>): AuditEvents {
  return {
    dropped: (sink) => { telemetry.count('audit_dropped_total', { sink }).inc() },
    failing (sink, reason) {
      failing.add(sink)
      telemetry.level('audit_sink_failing', { sink }).set(1)
      logger.error({ event: 'audit_failing', sink, reason: safeText(reason) }, 'audit records cannot be written')
    },
    recovered (sink) {
      failing.delete(sink)
      telemetry.level('audit_sink_failing', { sink }).set(0)
      logger.info({ event: 'audit_recovered', sink }, 'audit records can be written again')
    },
    head: (sink, chain, seq, digest) => { logger.debug({ event: 'audit_head', sink, chain, seq, digest }, 'the audit chain was signed') }
  }
}

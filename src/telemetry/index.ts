/**
 * telemetry — what the gateway says about itself: metrics, log lines, audit lines.
 *
 * Owns: the metric catalogue and its label sets, the registry behind /metrics, the log format, masking and escaping of
 * text that others wrote.
 * Must never: read a request, take a label value from a caller (T59), write a credential, an argument or a result (T58).
 * Called by: every room and plugin that counts or logs.
 * Bound by: T58, T59, R18, R20, R22.
 * Fails: never towards its caller. Text that standard output does not take is given up beyond 8 MiB and counted.
 * Metrics: log_lines_dropped_total, series_refused_total, build_info.
 */
export { createAuditSink } from './audit.ts'
export { createAuditText } from './audit-text.ts'
export { METRICS, METRIC_PREFIX } from './catalogue.ts'
export type { CounterName, GaugeName, HistogramName, Labels, MetricName } from './catalogue.ts'
export { LABEL_SETS, OTHER } from './label-sets.ts'
export type { LineSink } from './line-buffer.ts'
export { createLogger } from './logger.ts'
export type { LogFields, LogLevel, Logger, LoggerOptions } from './logger.ts'
export { redact } from './redact.ts'
export { safeText } from './safe-text.ts'
export { standardOutputWaits } from './standard-output.ts'
export { createTelemetry, exposeTogether } from './telemetry.ts'
export type { ConfiguredSet, Telemetry, TelemetryOptions } from './telemetry.ts'
export type { AuditRecord, AuditSink, Count, Level, MetricRow, Observe } from './types.ts'

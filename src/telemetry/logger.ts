import { pino, stdTimeFunctions } from 'pino'
import { cleanLine } from './clean-line.ts'
import { LineBuffer } from './line-buffer.ts'
import type { LineSink } from './line-buffer.ts'
import { StandardOutput } from './standard-output.ts'

/** Severity of a line, as `LOG_LEVEL` names it. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** Values of a line's fields. Keys are snake_case: `request_id`, `tenant`, `user`, `server`, `tool`, `method`, `status`, `duration_ms`. */
export type LogFields = Readonly<Record<string, unknown>>

type LogMethod = (fields: LogFields, message: string) => void

/**
 * Structured logging, one JSON object per line. Every line of the level methods is searched for credentials and for
 * characters that steer terminals (T58); headers, arguments and results of calls are never handed to it.
 */
export interface Logger {
  readonly fatal: LogMethod
  readonly error: LogMethod
  readonly warn: LogMethod
  readonly info: LogMethod
  readonly debug: LogMethod
  readonly trace: LogMethod
  /** Would `level` be written? To skip building fields for nothing. */
  enabled (level: Exclude<LogLevel, 'silent'>): boolean
  /**
   * One line, whatever the level short of `silent`, without the search: for lines written once per request. Every string
   * in it must be from a closed set or have been through `safeText`; at least one field must be set.
   */
  record (fields: Readonly<Record<string, string | number | boolean | undefined>>, message: string): void
  /** The same for fields that are text already: members of a JSON object, at least one, without its braces. */
  recordText (members: string, message: string): void
  flush (): void
  /** Writes everything out. Call last. */
  close (): void
}

export interface LoggerOptions {
  readonly level: LogLevel
  /** Default: standard output. */
  readonly sink?: LineSink
  /** Called with the number of lines given up because nobody reads standard output. */
  readonly onDropped?: (lines: number) => void
}

/** Makes the process's logger. Use one per process: each keeps a buffer. */
export function createLogger (options: LoggerOptions): Logger {
  const buffer = new LineBuffer(options.sink ?? new StandardOutput(options.onDropped))
  const lines = pino({
    level: options.level,
    base: null,
    timestamp: stdTimeFunctions.epochTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError }
  }, { write: (line: string) => { buffer.append(cleanLine(line)) } })
  const recordText = (members: string, message: string): void => {
    if (options.level !== 'silent') buffer.append(`{"level":"info","time":${Date.now()},${members},"msg":"${message}"}\n`)
  }
  return {
    fatal: (fields, message) => { lines.fatal(fields, message) },
    error: (fields, message) => { lines.error(fields, message) },
    warn: (fields, message) => { lines.warn(fields, message) },
    info: (fields, message) => { lines.info(fields, message) },
    debug: (fields, message) => { lines.debug(fields, message) },
    trace: (fields, message) => { lines.trace(fields, message) },
    enabled: (level) => lines.isLevelEnabled(level),
    record: (fields, message) => {
      if (options.level !== 'silent') recordText(JSON.stringify(fields).slice(1, -1), message)
    },
    recordText,
    flush: () => { buffer.flush() },
    close: () => { buffer.close() }
  }
}

/** An error for the log: its class, sentence, code, stack and cause, and no other members, which may hold anything. */
function describeError (error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  return {
    type: error.name,
    message: error.message,
    ...('code' in error ? { code: String(error.code) } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) })
  }
}

import { createPrivateKey } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { AuditSettings } from '../../src/shared/settings/audit.ts'
import type { GatewayFile } from '../schema/gateway-file.ts'

type AuditEntry = NonNullable<GatewayFile['audit']>
type SinkEntry = AuditEntry['sinks'][number]
type Sink = AuditSettings['sinks'][number]

export interface AuditContext {
  /** Of `audit` in the main file. */
  readonly place: Place
  readonly report: Report
  readonly workingDirectory: string
  readonly hasRedis: boolean
}

const DEFAULT_MAX_RECORDS = 1_000_000

/** What can be checked of an audit before the first record is: files where they should be, and a key that is one. */
export function buildAudit (entry: AuditEntry, context: AuditContext): AuditSettings {
  const { place, report, workingDirectory } = context
  const sinks = entry.sinks.map((sink, index) => buildSink(sink, within(place, 'sinks', index), context))
  sinks.forEach((sink, index) => {
    if (sinks.slice(0, index).some((other) => nameOf(other) === nameOf(sink))) report.fault(within(place, 'sinks', index), 'expected each sink once, but another entry is the same')
  })
  const keyFile = entry.keyFile === undefined ? undefined : resolve(workingDirectory, entry.keyFile)
  if (keyFile !== undefined) checkKey(keyFile, within(place, 'keyFile'), report)
  return { sinks, whenFull: (entry.whenFull ?? 'drop') as AuditSettings['whenFull'], ...(keyFile === undefined ? {} : { keyFile }) }
}

function buildSink (entry: SinkEntry, place: Place, context: AuditContext): Sink {
  const { report, workingDirectory, hasRedis } = context
  for (const [key, type] of [['path', 'file'], ['maxRecords', 'redis']] as const) {
    if (entry[key] !== undefined && entry.type !== type) report.fault(within(place, key), `expected it with type ${type} only`)
  }
  if (entry.type === 'redis') {
    if (!hasRedis) report.fault(within(place, 'type'), 'expected redis to be configured, because the sink is redis')
    return { kind: 'redis', maxRecords: entry.maxRecords ?? DEFAULT_MAX_RECORDS }
  }
  if (entry.type !== 'file') return { kind: entry.type as 'log' | 'stdout' }
  if (entry.path === undefined) {
    report.fault(within(place, 'path'), 'expected the file, because type is file, but the key is missing')
    return { kind: 'log' }
  }
  const path = resolve(workingDirectory, entry.path)
  if (!isDirectory(dirname(path))) report.fault(within(place, 'path'), 'expected a file in a directory that exists')
  return { kind: 'file', path }
}

function nameOf (sink: Sink): string {
  return sink.kind === 'file' ? `file ${sink.path}` : sink.kind
}

function isDirectory (path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function checkKey (file: string, place: Place, report: Report): void {
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (cause) {
    report.fault(place, `the file cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`)
    return
  }
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'ed25519') return
  } catch {
    // Said below, without what the parser says of the text.
  }
  report.fault(place, 'expected an Ed25519 private key in PEM without a passphrase; make one with: openssl genpkey -algorithm ed25519')
}

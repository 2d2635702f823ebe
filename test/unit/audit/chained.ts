import { readFileSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createAudit, FileOutput, readHeadKey, readKnownKey, Verification } from '../../../src/audit/index.ts'
import type { Audit, AuditOptions, AuditOutput, AuditReport, HeadKey } from '../../../src/audit/index.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import type { AuditRecord } from '../../../src/telemetry/index.ts'

/** A folder that goes with the test. */
export function folderOf (test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-audit-'))
  test.after(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

/** What an audit has reported of itself. */
export interface Told {
  dropped: number
  readonly failing: string[]
  recovered: number
  readonly heads: string[]
}

/** An audit with one output, closed with the test. */
export function auditTo (test: TestContext, output: AuditOutput, key: HeadKey, more: Partial<AuditOptions> = {}): { readonly audit: Audit, readonly told: Told } {
  const told: Told = { dropped: 0, failing: [], recovered: 0, heads: [] }
  const audit = createAudit({
    key,
    outputs: [output],
    whenFull: 'drop',
    wallMs: systemClock.wallMs,
    about: { version: '0.0.0' },
    events: {
      dropped: () => { told.dropped++ },
      failing: (_sink, reason) => { told.failing.push(reason) },
      recovered: () => { told.recovered++ },
      head: (_sink, _chain, _seq, digest) => { told.heads.push(digest) }
    },
    ...more
  })
  test.after(async () => { await audit.close() })
  return { audit, told }
}

export function fileAudit (test: TestContext, path: string, key: HeadKey, more: Partial<AuditOptions> = {}): { readonly audit: Audit, readonly told: Told } {
  return auditTo(test, new FileOutput(path, systemClock.nowMs), key, more)
}

export function keyIn (folder: string): HeadKey {
  return readHeadKey(undefined, folder)
}

export function call (name: string): AuditRecord {
  return { event: 'call', requestId: `r-${name}`, tenant: 'acme', user: 'alice', credentialId: 'k1', server: 'files', method: 'tools/call', name, outcome: 'ok', durationMs: 1.5 }
}

/** Verifies texts of files, in their order. */
export function verifyTexts (texts: Readonly<Record<string, string>>, key?: HeadKey, more: { heads?: string[], isTrimmed?: boolean } = {}): AuditReport {
  const verification = new Verification({ ...(key === undefined ? {} : { key: readKnownKey(key.pem) }), ...more })
  for (const [file, text] of Object.entries(texts)) {
    const lines = text.split('\n')
    if (lines.at(-1) === '') lines.pop()
    lines.forEach((line, index) => { verification.line(line, { file, number: index + 1 }) })
  }
  return verification.end()
}

export function linesOf (path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

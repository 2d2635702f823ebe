import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServerEntry } from './programs.ts'

const file = fileURLToPath(new URL('../fixtures/stdio-servers/counts.mjs', import.meta.url))

/** The fixture that says for whom it works and how often it was asked (counts.mjs), with its journal. */
export interface CountingServer {
  /** Its entry. @param more more keys, and variables by `env` */
  entry (more?: { readonly env?: Readonly<Record<string, string>>, readonly [key: string]: unknown }): ServerEntry
  /** Requests of this method that reached it so far, over all its workers: each as `<who> <method> <name or uri>`. */
  asked (method: string): string[]
  /** `slow` answers after this. */
  open (): void
  /** Removes its files. */
  remove (): void
}

export function countingServer (): CountingServer {
  const dir = mkdtempSync(join(tmpdir(), 'counts-'))
  const [journal, gate] = [join(dir, 'journal'), join(dir, 'gate')]
  for (const path of [journal, gate]) writeFileSync(path, '')
  return {
    entry: ({ env = {}, ...more } = {}) => ({ command: process.execPath, args: [file], env: { COUNTS_WHO: '{user}', COUNTS_JOURNAL: journal, COUNTS_GATE: gate, ...env }, ...more }),
    asked: (method) => readFileSync(journal, 'utf8').split('\n').filter((line) => line.split(' ')[1] === method),
    open: () => { rmSync(gate, { force: true }) },
    remove: () => { rmSync(dir, { recursive: true }) }
  }
}

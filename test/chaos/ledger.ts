import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ServerEntry } from '../helpers/programs.ts'

/**
 * What became of one call, as its client saw it. `ok`: the right answer. `clean`: an error that says it did not run. `unknown`:
 * an error that does not say. `lost`: no answer by the deadline, or a connection that just broke. `mix`: somebody else's answer.
 */
export type Outcome = 'ok' | 'clean' | 'unknown' | 'lost' | 'mix'

export interface LedgerCall {
  readonly nonce: string
  readonly user: string
  readonly era: 'legacy' | 'modern'
  /** Monotonic, milliseconds. */
  readonly startedMs: number
  readonly endedMs: number
  readonly outcome: Outcome
  /** HTTP status or JSON-RPC code, or what broke. */
  readonly detail: string
}

/** All calls of a load, held against what the servers wrote down. */
export interface Tally extends Readonly<Record<Outcome, number>> {
  readonly calls: number
  /** Nonces that ran more than once. */
  readonly dup: number
  /** Calls that were answered as not run, and did, or as run, and did not. */
  readonly lied: number
  /** How often each `outcome detail` was seen, `ok` left out. */
  readonly details: Readonly<Record<string, number>>
}

/** The server whose calls are written down; `{user}` is the worker's own. */
export function ledgerServer (file: string, { env, ...more }: Readonly<Record<string, unknown>> = {}): ServerEntry {
  return { command: process.execPath, args: [fileURLToPath(new URL('ledger-server.mjs', import.meta.url))], env: { LEDGER: file, OWNER: more['isolation'] === 'shared' ? 'everybody' : '{user}', ...env as object | undefined }, ...more }
}

/** How often each nonce ran. */
export function executions (file: string): ReadonlyMap<string, number> {
  const ran = new Map<string, number>()
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [nonce = ''] = line.split(' ')
    if (nonce !== '' && nonce !== '+' && nonce !== '-') ran.set(nonce, (ran.get(nonce) ?? 0) + 1)
  }
  return ran
}

export function tallyOf (calls: readonly LedgerCall[], file: string): Tally {
  const ran = executions(file)
  const counts: Record<Outcome, number> = { ok: 0, clean: 0, unknown: 0, lost: 0, mix: 0 }
  const details: Record<string, number> = {}
  let lied = 0
  for (const { nonce, outcome, detail } of calls) {
    counts[outcome]++
    if (outcome !== 'ok') details[`${outcome} ${detail}`] = (details[`${outcome} ${detail}`] ?? 0) + 1
    const times = ran.get(nonce) ?? 0
    if ((outcome === 'ok' && times === 0) || (outcome === 'clean' && times > 0)) lied++
  }
  return { ...counts, calls: calls.length, dup: [...ran.values()].filter((times) => times > 1).length, lied, details }
}

/** Owners who had two workers at a time, each as often as it happened. */
export function sideBySide (file: string): readonly string[] {
  const running = new Map<string, Set<string>>()
  const found: string[] = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [what = '', pid = '', owner = ''] = line.split(' ')
    const mine = running.get(owner) ?? new Set()
    if (what === '-') mine.delete(pid)
    if (what !== '+') continue
    if (mine.size > 0) found.push(owner)
    running.set(owner, mine.add(pid))
  }
  return found
}

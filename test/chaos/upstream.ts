import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../helpers/free-port.ts'

/** What upstream-server.mjs can be told to do. */
export type Mode = 'ok' | '503' | 'reset' | 'silent' | 'reset-mid' | 'forget' | 'endless' | 'drip'

/** A server over HTTP that misbehaves on demand, in a process of its own. */
export interface ChaosUpstream {
  readonly entry: Readonly<Record<string, unknown>>
  mode (mode: Mode): Promise<void>
  /** Sessions opened so far, messages by method, connections open now. */
  stats (): Promise<{ readonly opened: number, readonly seen: Readonly<Record<string, number>>, readonly connections: number }>
  /** Nonces of the calls that ran, in their order. */
  journal (): string[]
  /** How many nonces ran more than once. */
  duplicates (): number
  kill (signal: NodeJS.Signals): void
  stop (): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('./upstream-server.mjs', import.meta.url))

/** @param slowMs what its tool `slow` takes */
export async function startUpstream (slowMs = 2000): Promise<ChaosUpstream> {
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-upstream-'))
  const journalFile = join(directory, 'journal')
  const port = await freePort()
  const child = spawn(process.execPath, [PROGRAM, String(port), journalFile, String(slowMs)], { stdio: ['ignore', 'ignore', 'pipe'] })
  await once(child.stderr, 'data')
  const origin = `http://127.0.0.1:${port}`
  const journal = (): string[] => existsSync(journalFile) ? readFileSync(journalFile, 'utf8').split('\n').filter(Boolean) : []
  return {
    entry: { type: 'http', url: `${origin}/mcp`, allowPrivateNetwork: true, era: 'legacy' },
    async mode (mode) { await (await fetch(`${origin}/mode`, { method: 'POST', body: mode })).text() },
    stats: async () => await (await fetch(`${origin}/stats`)).json() as Awaited<ReturnType<ChaosUpstream['stats']>>,
    journal,
    duplicates () {
      const ran = journal()
      return ran.length - new Set(ran).size
    },
    kill: (signal) => { child.kill(signal) },
    async stop () {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(directory, { recursive: true, force: true })
    }
  }
}

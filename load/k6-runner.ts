import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LoadOptions } from './options.ts'
import type { Summary } from './summary.ts'

/** k6's exit codes for a run that was judged: all thresholds hold, or not. Any other says that there was no run. */
const JUDGED = [0, 99]

/** The k6 program, if there is one. @param path the variable PATH */
export function k6OnPath (path: string): string | undefined {
  return path.split(delimiter).filter(Boolean).map((folder) => join(folder, 'k6')).find(isExecutable)
}

function isExecutable (path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Runs the scenario's k6 script. Keys travel in a file that only this user can read, not on the command line.
 * @throws when k6 did not come to a judgement (no script, no answer to the first requests): its own output says why
 */
export async function runWithK6 (k6: string, options: LoadOptions): Promise<Summary> {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-load-'))
  try {
    const [keys, calls, out] = [join(dir, 'keys'), join(dir, 'calls.json'), join(dir, 'summary.json')]
    writeFileSync(keys, options.keys.join('\n'), { mode: 0o600 })
    writeFileSync(calls, JSON.stringify(options.calls))
    const script = fileURLToPath(new URL(`k6/${options.name}.js`, import.meta.url))
    const code = await exitCodeOf(k6, ['run', '--quiet', '--no-usage-report', script], {
      ...process.env,
      LOAD_URL: options.url,
      LOAD_KEYS_FILE: keys,
      LOAD_CALLS_FILE: calls,
      LOAD_SUMMARY_FILE: out,
      LOAD_INSECURE: String(options.insecure),
      ...Object.fromEntries(Object.entries({ LOAD_SECONDS: options.changes.seconds, LOAD_USERS: options.changes.users, LOAD_P95_MS: options.changes.p95Ms }).filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]))
    })
    return summaryFrom(out, code)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function summaryFrom (path: string, code: number): Summary {
  if (!JUDGED.includes(code)) throw new Error(`k6 ended with exit code ${code}`)
  return JSON.parse(readFileSync(path, 'utf8')) as Summary
}

function exitCodeOf (program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

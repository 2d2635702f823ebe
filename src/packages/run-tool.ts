import { spawn } from 'node:child_process'
import { packageFault } from './package-fault.ts'

/** One run of npm, uv or pip. */
export interface ToolRun {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Written to its stdin. Default: nothing. */
  readonly input?: string
  readonly signal: AbortSignal
}

/** Native builds on slow machines take minutes; a dead mirror must not hold anybody for ever. */
const MAX_RUN_MS = 900_000
/** More of stderr is not needed to say what went wrong. */
const MAX_STDERR_CHARS = 16_384

/**
 * Runs a tool to its end, by its arguments and without a shell, in a process group of its own that ends with the signal.
 * @returns its stdout
 * @throws GatewayError GW_UPSTREAM_START in the tool's own words when it fails
 */
export async function runTool (run: ToolRun): Promise<string> {
  const name = run.command.split('/').at(-1) ?? run.command
  return await new Promise((resolve, reject) => {
    const child = spawn(run.command, run.args, { cwd: run.cwd, env: run.env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    let ended: string | undefined
    let stdout = ''
    let stderr = ''
    const end = (why: string) => {
      ended ??= why
      try { process.kill(-(child.pid ?? NaN), 'SIGKILL') } catch { /* it was over already */ }
    }
    const interrupt = () => end('interrupted')
    const timer = setTimeout(() => end(`not done after ${MAX_RUN_MS / 1000} s`), MAX_RUN_MS)
    run.signal.addEventListener('abort', interrupt, { once: true })
    if (run.signal.aborted) interrupt()
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr = (stderr + text).slice(-MAX_STDERR_CHARS) })
    child.stdin.on('error', () => undefined).end(run.input ?? '')
    const settle = (failure: string | undefined) => {
      clearTimeout(timer)
      run.signal.removeEventListener('abort', interrupt)
      if (failure === undefined) resolve(stdout)
      else reject(packageFault(`${name}: ${failure}`))
    }
    child.on('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ENOENT' ? 'is not installed' : error.message))
    child.on('close', (code) => settle(code === 0 && ended === undefined ? undefined : ended ?? complaintOf(stderr, code)))
  })
}

/** The first lines of a tool's complaint that say something. */
function complaintOf (stderr: string, code: number | null): string {
  const lines = stderr.split('\n')
    .map((line) => line.replace(/^(?:npm (?:error|ERR!)|error:|ERROR:) ?/i, '').trim())
    .filter((line) => line !== '' && !/^(?:npm warn|A complete log|warning:|\[notice\]|Traceback)/i.test(line))
  return lines.length === 0 ? `ended with ${String(code)}` : lines.slice(0, 3).join('; ').slice(0, 600)
}

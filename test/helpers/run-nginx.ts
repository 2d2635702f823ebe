import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { descendantsOf, stillAlive, type ProcessEntry } from './processes.ts'
import { findNginx } from './programs.ts'
import { until } from './until.ts'

export interface RunNginxOptions {
  /** Where nginx.conf is, and all that it names; removed with `stop`. */
  readonly dir: string
  /** Whom it runs as. Default: as this process; its workers are somebody else then, if this is root. */
  readonly account?: { readonly uid?: number, readonly gid?: number }
  /** Asked again and again, as soon as there are workers, until it says yes. Errors count as no. */
  isReady (): Promise<boolean>
}

/** An nginx in the foreground. */
export interface NginxProcess {
  readonly pid: number
  /** How it was started; `nginx -t` of the same files takes the same. */
  readonly command: readonly [program: string, ...args: string[]]
  /** What it wrote to its error log. */
  log (): string
  /** Live worker processes, old ones that still finish their requests included. */
  workers (): ProcessEntry[]
  /** Loads the configuration again; resolves when new workers are there, with the process ids of those of before. */
  reload (): Promise<ReadonlySet<number>>
  /** Ends it at once and removes its files; nothing when that was done already. */
  stop (): Promise<void>
}

/** Starts nginx with the nginx.conf of a folder, and waits until it is ready. @throws with its error log when it ends before that */
export async function runNginx ({ dir, account = {}, isReady }: RunNginxOptions): Promise<NginxProcess> {
  // Its workers run as another user and buffer bodies in there.
  chmodSync(dir, 0o755)
  const command = [findNginx() ?? 'nginx', '-p', dir, '-e', 'stderr', '-c', 'nginx.conf'] as const
  const [program, ...args] = command
  const child = spawn(program, [...args, '-g', 'daemon off;'], { ...account, stdio: ['ignore', 'ignore', 'pipe'] })
  const pid = child.pid ?? 0
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text })
  const killNow = (): void => { child.kill('SIGTERM') }
  process.on('exit', killNow)
  const ended = once(child, 'exit')
  const workers = (): ProcessEntry[] => stillAlive(descendantsOf(pid))
  const stop = async (): Promise<void> => {
    process.off('exit', killNow)
    child.kill('SIGTERM')
    await ended
    rmSync(dir, { recursive: true, force: true })
  }
  const state = await until('nginx is ready', async () => child.exitCode !== null ? 'ended' : workers().length > 0 && await isReady() && 'ready').catch(async (error: unknown) => {
    await stop()
    throw error
  })
  if (state === 'ended') {
    await stop()
    throw new Error(`nginx ended with ${child.exitCode}:\n${said}`)
  }
  const reload = async (): Promise<ReadonlySet<number>> => {
    const before = new Set(workers().map((worker) => worker.pid))
    child.kill('SIGHUP')
    await until('nginx has new workers', () => workers().some((worker) => !before.has(worker.pid)))
    return before
  }
  return { pid, command, log: () => said, workers, reload, stop }
}

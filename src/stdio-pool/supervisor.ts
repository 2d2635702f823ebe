import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { settlesWithin } from './settles-within.ts'

const SCRIPT = fileURLToPath(new URL('./supervisor.sh', import.meta.url))
/** Where the script's few tools are; the gateway's own environment is not handed on. */
const TOOLS_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** The script's own TERM, one second, KILL, and room for a loaded machine. */
const CLOSE_MS = 5000

/** The process that outlives the gateway for long enough to end its workers. */
export interface Supervisor {
  /** A process group began; `privateDir` is removed should the gateway not live to do it. Starts the supervisor if needed. */
  watch (pgid: number, privateDir: string): void
  /** The group is gone. */
  forget (pgid: number): void
  /** Lets the supervisor end what is left, strays included, and itself. */
  close (): Promise<void>
}

/**
 * One small `sh` on a pipe per gateway: when the pipe closes, because the gateway ended or was killed, it ends every
 * process group still listed and every process that carries `tag` (T44). It leads a session of its own and ignores INT,
 * TERM and HUP. Started with the first worker; if it dies, the next worker starts another, which is told all groups.
 */
export function createSupervisor (tag: string, onLost: (reason: string) => void): Supervisor {
  const groups = new Map<number, string>()
  let child: ChildProcess | undefined
  let closing = false

  function start (): ChildProcess {
    const started = spawn('/bin/sh', [SCRIPT, tag], { cwd: '/', detached: true, env: { PATH: TOOLS_PATH }, stdio: ['pipe', 'ignore', 'ignore'] })
    const lost = (reason: string): void => {
      if (child !== started) return
      child = undefined
      if (!closing) onLost(reason)
    }
    started.once('error', (error) => lost(error.message))
    started.once('exit', (code, signal) => lost(`ended with ${signal ?? code}`))
    started.stdin?.on('error', () => {})
    letGo(started)
    return started
  }

  function tell (line: string): void {
    child?.stdin?.write(line)
  }

  function watch (pgid: number, privateDir: string): void {
    groups.set(pgid, privateDir.includes('\n') ? '' : privateDir)
    if (child !== undefined) return tell(lineFor(pgid))
    child = start()
    for (const group of groups.keys()) tell(lineFor(group))
  }

  function lineFor (pgid: number): string {
    return `+ ${pgid} ${groups.get(pgid) ?? ''}\n`
  }

  function forget (pgid: number): void {
    if (groups.delete(pgid)) tell(`- ${pgid}\n`)
  }

  async function close (): Promise<void> {
    closing = true
    const last = child
    if (last === undefined) return
    last.ref()
    const exited = new Promise((resolve) => { last.once('exit', resolve) })
    last.stdin?.end()
    await settlesWithin(exited, CLOSE_MS)
    last.unref()
  }

  return { watch, forget, close }
}

/** The supervisor must not keep the gateway's event loop alive. */
function letGo (child: ChildProcess): void {
  child.unref()
  const pipe = child.stdin as Socket | null
  pipe?.unref()
}

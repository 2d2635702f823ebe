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
  /** A process group began; its `privateDir` is removed if the gateway does not live to do it. Starts the supervisor if needed. */
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
  return new ShellSupervisor(tag, onLost)
}

class ShellSupervisor implements Supervisor {
  readonly #tag: string
  readonly #onLost: (reason: string) => void
  readonly #groups = new Map<number, string>()
  #child: ChildProcess | undefined
  #isClosing = false

  constructor (tag: string, onLost: (reason: string) => void) {
    this.#tag = tag
    this.#onLost = onLost
  }

  watch (pgid: number, privateDir: string): void {
    // The directory ends its line: one with a line break in it is not told.
    this.#groups.set(pgid, privateDir.includes('\n') ? '' : privateDir)
    if (this.#child !== undefined) return this.#tell(this.#lineFor(pgid))
    this.#child = this.#start()
    for (const group of this.#groups.keys()) this.#tell(this.#lineFor(group))
  }

  forget (pgid: number): void {
    if (this.#groups.delete(pgid)) this.#tell(`- ${pgid}\n`)
  }

  async close (): Promise<void> {
    this.#isClosing = true
    const last = this.#child
    if (last === undefined) return
    last.ref()
    const exited = new Promise((resolve) => { last.once('exit', resolve) })
    last.stdin?.end()
    await settlesWithin(exited, CLOSE_MS)
    last.unref()
  }

  #start (): ChildProcess {
    const child = spawn('/bin/sh', [SCRIPT, this.#tag], { cwd: '/', detached: true, env: { PATH: TOOLS_PATH }, stdio: ['pipe', 'ignore', 'ignore'] })
    const onEnd = (reason: string): void => {
      if (this.#child !== child) return
      this.#child = undefined
      if (!this.#isClosing) this.#onLost(reason)
    }
    child.once('error', (error) => onEnd(error.message))
    child.once('exit', (code, signal) => onEnd(`ended with ${signal ?? code}`))
    child.stdin?.on('error', () => {})
    letGo(child)
    return child
  }

  #tell (line: string): void {
    this.#child?.stdin?.write(line)
  }

  #lineFor (pgid: number): string {
    return `+ ${pgid} ${this.#groups.get(pgid) ?? ''}\n`
  }
}

/** The supervisor must not keep the gateway's event loop alive. */
function letGo (child: ChildProcess): void {
  child.unref()
  const pipe = child.stdin as Socket | null
  pipe?.unref()
}

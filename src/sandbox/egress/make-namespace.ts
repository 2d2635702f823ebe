import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { close, openSync } from 'node:fs'
import { Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { PROXY_PORT } from './proxy-env.ts'

const SCRIPT = fileURLToPath(new URL('./listen-inside.mjs', import.meta.url))
/** For some 40 ms of work, on a machine that may be busy. */
const MAKE_MS = 10_000
const MAX_COMPLAINT_CHARS = 1_024

/** A network namespace that nothing but this gateway holds. */
export interface NetworkNamespace {
  /** Listens on the namespace's own loopback; connections come up in this process. */
  readonly server: Server
  /** Options of nsenter(1) that enter it, valid while `close` was not called. */
  readonly enter: readonly string[]
  /** Ends the listener and lets go; the kernel removes the namespace when its last process is gone. */
  close (): void
}

/**
 * Makes a network namespace with a loopback that is up and a listener on it. A process has to be inside to make a socket
 * there: bubblewrap starts a small one, which hands the socket over and ends. No process stays.
 * @throws Error with what bubblewrap said
 */
export async function makeNamespace (bwrap: string, by: 'root' | 'user'): Promise<NetworkNamespace> {
  const user = by === 'user' ? ['--unshare-user'] : []
  const child = spawn(bwrap, [...user, '--unshare-net', '--dev-bind', '/', '/', '--die-with-parent', '--', process.execPath, SCRIPT, String(PROXY_PORT)], {
    cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe', 'ipc']
  })
  try {
    const { pid, server } = await handedOver(child)
    return holdOf(pid, server, by)
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`no network namespace could be made: ${(error as Error).message}`, { cause: error })
  } finally {
    if (child.connected) child.disconnect()
    child.unref()
  }
}

async function handedOver (child: ChildProcess): Promise<{ pid: number, server: Server }> {
  return await new Promise((resolve, reject) => {
    let complaint = ''
    const late = setTimeout(() => reject(new Error(`not within ${MAKE_MS} ms`)), MAKE_MS)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(0, MAX_COMPLAINT_CHARS) })
    child.once('error', reject)
    child.once('close', (code, signal) => reject(new Error(complaint.trim() || `bubblewrap ended with ${signal ?? code}`)))
    child.once('message', (message: { readonly pid?: number, readonly error?: string }, handle) => {
      clearTimeout(late)
      if (message.pid !== undefined && handle instanceof Server) resolve({ pid: message.pid, server: handle })
      else reject(new Error(message.error ?? 'no socket came'))
    })
    child.once('close', () => clearTimeout(late))
  })
}

/** Its files hold the namespaces when the process that they were made with is gone. Whoever starts workers reads them through /proc, so that no worker inherits them. */
function holdOf (pid: number, server: Server, by: 'root' | 'user'): NetworkNamespace {
  const files: number[] = []
  const option = (name: string, space: string): string => {
    const file = openSync(`/proc/${pid}/ns/${space}`, 'r')
    files.push(file)
    return `--${name}=/proc/${process.pid}/fd/${file}`
  }
  const letGo = (): void => {
    server.close()
    for (const file of files.splice(0)) close(file, () => {})
  }
  try {
    const enter = [option('net', 'net'), ...by === 'user' ? [option('user', 'user'), '--preserve-credentials'] : []]
    server.unref()
    return { server, enter, close: letGo }
  } catch (error) {
    letGo()
    throw error
  }
}

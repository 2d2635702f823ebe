import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A way to a port on loopback that can be cut off. */
export interface TcpRelay {
  readonly port: number
  /** SIGSTOP: connections stay, nothing comes through. */
  freeze (): void
  /** SIGCONT. */
  thaw (): void
  /** SIGKILL, and waits until it is gone; nothing when it is. */
  stop (): Promise<void>
}

/** @param port on loopback that it leads to */
export async function startTcpRelay (port: number): Promise<TcpRelay> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('tcp-relay.mjs', import.meta.url)), String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  const [line] = await once(createInterface(child.stdout), 'line') as [string]
  return {
    port: Number(line),
    freeze: () => { child.kill('SIGSTOP') },
    thaw: () => { child.kill('SIGCONT') },
    stop: async () => {
      child.kill('SIGKILL')
      await exit
    }
  }
}

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { EgressAddress } from './types.ts'

/** To one of the addresses, tried in turn as RFC 8305 has it. Milliseconds. */
const CONNECT_MS = 10_000

/** Connects to addresses that were checked, and to nothing else: no name is looked up. @throws the system's error, or that of the time */
export async function connectTo (host: string, port: number, addresses: readonly EgressAddress[]): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const upstream = connect({
      host,
      port,
      allowHalfOpen: true,
      autoSelectFamily: true,
      noDelay: true,
      lookup: (_host, options, callback) => {
        if (options.all === true) return callback(null, [...addresses])
        callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
      }
    })
    const late = setTimeout(() => upstream.destroy(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS)
    upstream.once('close', () => clearTimeout(late)).once('error', reject)
    upstream.once('connect', () => {
      clearTimeout(late)
      upstream.off('error', reject)
      resolve(upstream)
    })
  })
}

/**
 * Hands bytes on in both directions, each as fast as its receiver takes them, until both ends have closed. The end of one
 * direction is handed on as such; an error, or nothing moving for `idleMs`, ends both.
 */
export function joinSockets (worker: Socket, upstream: Socket, idleMs: number): void {
  bind(worker, upstream, idleMs)
  bind(upstream, worker, idleMs)
}

function bind (from: Socket, to: Socket, idleMs: number): void {
  const end = (): void => {
    from.destroy()
    to.destroy()
  }
  from.setTimeout(idleMs).on('timeout', end).on('error', end)
  // What the other side was sent already still reaches it.
  from.on('close', () => to.destroySoon())
  from.pipe(to)
}

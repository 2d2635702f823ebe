import { until } from './until.ts'

/** For `env` of a gateway whose live heap is measured: Node's own inspector, on a free loopback port. */
export const WITH_INSPECTOR: Readonly<Record<string, string>> = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }

/**
 * What a gateway started `WITH_INSPECTOR` holds: bytes of its heap after a full collection. Unlike resident memory it has
 * no garbage and no free pages in it, so a kept object shows where tens of MiB of noise would hide it.
 * @throws when the gateway has no inspector, or does not answer
 */
export async function liveHeapBytes (gateway: { readonly output: () => string }): Promise<number> {
  const url = await until('the inspector', () => /Debugger listening on (ws:\S+)/.exec(gateway.output())?.[1])
  const socket = new WebSocket(url)
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => { reject(new Error('the inspector refused the connection')) }, { once: true })
    })
    // Twice: what finalizers let go of in the first is collected in the second.
    await ask(socket, 1, 'HeapProfiler.collectGarbage')
    await ask(socket, 2, 'HeapProfiler.collectGarbage')
    return (await ask(socket, 3, 'Runtime.getHeapUsage'))['usedSize'] as number
  } finally {
    socket.close()
  }
}

async function ask (socket: WebSocket, id: number, method: string): Promise<Record<string, unknown>> {
  const answered = new Promise<Record<string, unknown>>((resolve, reject) => {
    socket.addEventListener('message', function read ({ data }) {
      const message = JSON.parse(String(data)) as { id?: number, result?: Record<string, unknown>, error?: { message: string } }
      if (message.id !== id) return
      socket.removeEventListener('message', read)
      if (message.result === undefined) reject(new Error(message.error?.message ?? method))
      else resolve(message.result)
    })
    socket.addEventListener('close', () => { reject(new Error('the inspector closed the connection')) }, { once: true })
  })
  socket.send(JSON.stringify({ id, method }))
  return await answered
}

import type { Socket } from 'node:net'

/** Of a request: line and fields. Node itself accepts no more. */
const MAX_HEAD_BYTES = 16_384
const END = Buffer.from('\r\n\r\n')

/**
 * Reads a request's head from a fresh connection; what came after it is put back, and the connection stands still.
 * @returns as latin1, without the empty line; `''` if nothing came before the connection ended or timed out, undefined if too little or too much did
 */
export async function readHead (socket: Socket): Promise<string | undefined> {
  return await new Promise((resolve) => {
    let head: Buffer = Buffer.alloc(0)
    const finish = (result: string | undefined): void => {
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('timeout', onEnd).pause()
      resolve(result)
    }
    const onEnd = (): void => finish(head.length === 0 ? '' : undefined)
    const onData = (chunk: Buffer): void => {
      const from = Math.max(0, head.length - END.length + 1)
      head = Buffer.concat([head, chunk])
      const at = head.indexOf(END, from)
      if (at === -1) return head.length > MAX_HEAD_BYTES ? finish(undefined) : undefined
      if (at > MAX_HEAD_BYTES) return finish(undefined)
      finish(head.toString('latin1', 0, at))
      if (head.length > at + END.length) socket.unshift(head.subarray(at + END.length))
    }
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('timeout', onEnd)
  })
}

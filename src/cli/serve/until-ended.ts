import type { CliIo, ServedGateway } from '../command.ts'

/**
 * Waits for a signal and ends the gateway: the first one drains, a second one ends at once.
 * @returns exit code: 0 after a drain, 1 when it was cut short
 */
export async function untilEnded (gateway: ServedGateway, io: CliIo): Promise<number> {
  return await new Promise((resolve, reject) => {
    let isEnding = false
    let cutShort = false
    const stopListening = io.onSignal((signal) => {
      if (!isEnding) {
        isEnding = true
        gateway.close(signal).then(() => finish(cutShort ? 1 : 0), fail)
      } else if (!cutShort) {
        cutShort = true
        io.stderr.write(`drawbridge: second signal (${signal}), ending at once\n`)
        gateway.closeNow().then(() => finish(1), fail)
      }
    })
    const finish = (code: number) => { stopListening(); resolve(code) }
    const fail = (error: unknown) => { stopListening(); reject(error instanceof Error ? error : new Error(String(error))) }
  })
}

import type { Clock } from '../../shared/clock.ts'
import type { CliIo, ServedGateway } from '../command.ts'

/** npm passes Ctrl-C on to a program that the terminal has told already; nobody presses it twice in this time. */
const SAME_KEYSTROKE_MS = 200

/**
 * Waits for a signal and ends the gateway: the first one drains, a second one ends at once.
 * @returns exit code: 0 after a drain, 1 when it was cut short
 */
export async function untilEnded (gateway: ServedGateway, io: CliIo, clock: Clock): Promise<number> {
  return await new Promise((resolve, reject) => {
    let firstMs: number | undefined
    let cutShort = false
    const stopListening = io.onSignal((signal) => {
      if (firstMs === undefined) {
        firstMs = clock.nowMs()
        gateway.close(signal).then(() => finish(cutShort ? 1 : 0), fail)
      } else if (!cutShort && !(signal === 'SIGINT' && clock.nowMs() - firstMs < SAME_KEYSTROKE_MS)) {
        cutShort = true
        io.stderr.write(`drawbridge: second signal (${signal}), ending at once\n`)
        gateway.closeNow().then(() => finish(1), fail)
      }
    })
    const finish = (code: number) => { stopListening(); resolve(code) }
    const fail = (error: unknown) => { stopListening(); reject(error instanceof Error ? error : new Error(String(error))) }
  })
}

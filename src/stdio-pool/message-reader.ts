import type { Readable } from 'node:stream'
import { LARGE_MEMBER_BYTES, rawMembers } from '../protocol/index.ts'
import type { Clock } from '../shared/clock.ts'
import { createLineSplitter } from './line-splitter.ts'
import { createNoiseWindow } from './noise-window.ts'
import { parseLine } from './parse-line.ts'
import type { ProtocolErrorKind } from './pool-options.ts'

/** A longer line ends the worker: no MCP answer is that large, and a line is held in memory until it is whole (T39). */
export const MAX_LINE_BYTES = 10 * 1024 * 1024

/** Whom a reader tells what. */
export interface MessageReceiver {
  message (message: Record<string, unknown>, bytes: number): void
  /** A line was dropped. */
  dropped (kind: ProtocolErrorKind): void
  /** The process breaks the protocol beyond what is borne, and must end. */
  broken (reason: 'oversize' | 'noise'): void
}

/** Reads messages from a process's stdout from now on: one JSON object per line, everything else dropped and counted. */
export function readMessages (stdout: Readable, clock: Clock, receiver: MessageReceiver): void {
  const noise = createNoiseWindow(clock)
  const splitter = createLineSplitter(MAX_LINE_BYTES, {
    line (chunk, start, end) {
      const parsed = parseLine(chunk, start, end)
      if (typeof parsed === 'object') {
        const isKept = holdsLine(parsed, end - start)
        receiver.message(parsed, end - start)
        return isKept
      }
      receiver.dropped(parsed)
      if (noise.count()) receiver.broken('noise')
      return false
    },
    oversize () {
      receiver.dropped('oversize')
      receiver.broken('oversize')
    }
  })
  stdout.on('data', (chunk: Buffer) => splitter.push(chunk))
}

/** Are members of the message bytes of its line? */
function holdsLine ({ result }: Record<string, unknown>, bytes: number): boolean {
  return bytes >= LARGE_MEMBER_BYTES && typeof result === 'object' && result !== null && rawMembers(result).length > 0
}

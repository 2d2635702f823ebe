import { writeSync } from 'node:fs'
import { standardOutputWaits } from '../telemetry/index.ts'
import type { AuditOutput, Before } from './types.ts'

const STDOUT = 1
const LINE_BREAK = 0x0A
/** POSIX PIPE_BUF on Linux: so much goes into a pipe whole or not at all, whoever else writes to it. */
const ATOMIC_BYTES = 4096

/** Standard output, which the log shares: lines are never inside each other. */
export class StdoutOutput implements AuditOutput {
  readonly kind = 'stdout'

  async open (): Promise<Before> { return { tornBytes: 0 } }

  async prepare (): Promise<boolean> { return false }

  async write (lines: Buffer): Promise<number> {
    // Half a line of the log may be written: its other half comes first.
    if (standardOutputWaits()) throw new Error('nobody reads standard output')
    return writeSync(STDOUT, lines.subarray(0, wholeLines(lines)))
  }

  reopen (): void {}

  async close (): Promise<void> {}
}

/** Bytes of the whole lines at the beginning that fit into one write; all of the first line, if it alone does not. */
function wholeLines (lines: Buffer): number {
  if (lines.length <= ATOMIC_BYTES) return lines.length
  const end = lines.subarray(0, ATOMIC_BYTES).lastIndexOf(LINE_BREAK)
  return end === -1 ? lines.indexOf(LINE_BREAK) + 1 : end + 1
}

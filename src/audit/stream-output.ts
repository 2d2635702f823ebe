import type { AuditOutput, AuditStream, Before } from './types.ts'

const LINE_BREAK = 0x0A
/** A script that appends more than this would keep Redis from others. */
const MAX_LINES = 100

/** A stream that somebody else keeps. What was sent and not confirmed is sent again, so a line may stand there twice. */
export class StreamOutput implements AuditOutput {
  readonly kind = 'redis'
  readonly #stream: AuditStream

  constructor (stream: AuditStream) {
    this.#stream = stream
  }

  async open (): Promise<Before> { return { tornBytes: 0 } }

  async prepare (): Promise<boolean> { return false }

  async write (lines: Buffer): Promise<number> {
    let end = 0
    const batch: string[] = []
    while (end < lines.length && batch.length < MAX_LINES) {
      const next = lines.indexOf(LINE_BREAK, end)
      batch.push(lines.toString('utf8', end, next))
      end = next + 1
    }
    await this.#stream.append(batch)
    return end
  }

  reopen (): void {}

  async close (): Promise<void> {}
}

import type { Readable, Writable } from 'node:stream'

const LINE_FEED = 0x0a
/** A longer line is passed on in parts: it is no log line of ours. */
const MAX_HELD_BYTES = 1_048_576

/** Copies whole lines, so that lines of several processes never run into one another; with back-pressure. */
export function copyLines (from: Readable, to: Writable): void {
  let held: Buffer[] = []
  let heldBytes = 0

  const pass = (bytes: Buffer): void => {
    if (!to.write(bytes)) {
      from.pause()
      to.once('drain', () => from.resume())
    }
  }
  from.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(LINE_FEED) + 1
    if (end === 0 && heldBytes + chunk.length <= MAX_HELD_BYTES) {
      held.push(chunk)
      heldBytes += chunk.length
      return
    }
    pass(Buffer.concat([...held, chunk.subarray(0, end === 0 ? chunk.length : end)]))
    held = end === 0 || end === chunk.length ? [] : [chunk.subarray(end)]
    heldBytes = held[0]?.length ?? 0
  })
  // A process that was killed in mid-line: the next line is somebody else's.
  from.on('end', () => { if (heldBytes > 0) pass(Buffer.concat([...held, Buffer.of(LINE_FEED)])) })
}

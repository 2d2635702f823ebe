/** A partial line's buffer starts at this size and doubles: one-byte chunks then cost no more than large ones. */
const FIRST_HELD_BYTES = 4096
/** A larger buffer is given back after its line, so that one big answer does not stay in memory. */
const KEPT_HELD_BYTES = 256 * 1024

/** What a splitter hands on. The bytes `start..end` of `chunk` are valid during the call only. */
export interface LineReceiver {
  line (chunk: Buffer, start: number, end: number): void
  /** The cap was passed. Nothing more will be handed on. */
  oversize (): void
}

/** Cuts a byte stream into lines. */
export interface LineSplitter {
  push (chunk: Buffer): void
}

/**
 * Splits on byte 0x0A and nothing else: in UTF-8 that byte is never part of another character, while U+2028, U+0085 and
 * a carriage return are ordinary content (T38). A line inside one chunk is handed on without a copy. A line of more than
 * `maxBytes` ends the splitter before it is held (T39).
 */
export function createLineSplitter (maxBytes: number, receiver: LineReceiver): LineSplitter {
  let held = Buffer.alloc(0)
  let heldBytes = 0
  let over = false

  function hold (chunk: Buffer, start: number, end: number): void {
    const needed = heldBytes + end - start
    if (needed > held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * held.length, maxBytes), FIRST_HELD_BYTES))
      held.copy(grown, 0, 0, heldBytes)
      held = grown
    }
    chunk.copy(held, heldBytes, start, end)
    heldBytes = needed
  }

  /** Hands on the held beginning of a line together with its end; returns where the next line starts, -1 for none. */
  function finishHeld (chunk: Buffer): number {
    const end = chunk.indexOf(0x0A)
    const stop = end === -1 ? chunk.length : end
    if (heldBytes + stop > maxBytes) return giveUp()
    hold(chunk, 0, stop)
    if (end === -1) return -1
    const line = held
    const lineBytes = heldBytes
    heldBytes = 0
    if (held.length > KEPT_HELD_BYTES) held = Buffer.alloc(0)
    receiver.line(line, 0, lineBytes)
    return end + 1
  }

  function giveUp (): -1 {
    over = true
    held = Buffer.alloc(0)
    heldBytes = 0
    receiver.oversize()
    return -1
  }

  function push (chunk: Buffer): void {
    if (over) return
    let start = heldBytes > 0 ? finishHeld(chunk) : 0
    if (start === -1) return
    for (let end = chunk.indexOf(0x0A, start); end !== -1; end = chunk.indexOf(0x0A, start)) {
      if (end - start > maxBytes) { giveUp(); return }
      receiver.line(chunk, start, end)
      start = end + 1
    }
    if (chunk.length - start > maxBytes) giveUp()
    else if (start < chunk.length) hold(chunk, start, chunk.length)
  }

  return { push }
}

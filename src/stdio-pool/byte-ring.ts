import { StringDecoder } from 'node:string_decoder'

/** Memory is taken as it is needed: most servers write a line or two to stderr. */
const FIRST_BYTES = 1024

/** Keeps the last bytes of a stream. */
export interface ByteRing {
  write (chunk: Buffer): void
  /** What is kept, as UTF-8; a character cut in half at either end is left out. */
  text (): string
}

/** A ring of at most `maxBytes`: whatever is written, it never grows beyond (FR06). */
export function createByteRing (maxBytes: number): ByteRing {
  let ring = Buffer.alloc(0)
  let next = 0
  let full = false

  function grow (needed: number): void {
    const size = Math.min(maxBytes, Math.max(needed, 2 * ring.length, FIRST_BYTES))
    const grown = Buffer.alloc(size)
    ring.copy(grown, 0, 0, next)
    ring = grown
  }

  function write (chunk: Buffer): void {
    const tail = chunk.length > maxBytes ? chunk.subarray(chunk.length - maxBytes) : chunk
    if (ring.length < maxBytes && next + tail.length > ring.length) grow(next + tail.length)
    const first = Math.min(tail.length, ring.length - next)
    tail.copy(ring, next, 0, first)
    tail.copy(ring, 0, first)
    full ||= first < tail.length
    next = first < tail.length ? tail.length - first : next + first
  }

  function text (): string {
    const kept = full ? Buffer.concat([ring.subarray(next), ring.subarray(0, next)]) : ring.subarray(0, next)
    // The decoder leaves an unfinished character at the end out, where toString would put a replacement.
    return new StringDecoder('utf8').write(kept.subarray(full ? characterStart(kept) : 0))
  }

  return { write, text }
}

/** Where the first whole character begins: after at most three continuation bytes. */
function characterStart (bytes: Buffer): number {
  let start = 0
  while (start < 3 && ((bytes[start] ?? 0) & 0xC0) === 0x80) start += 1
  return start
}

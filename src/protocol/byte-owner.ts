import { freeBytes } from '../shared/free-bytes.ts'

/**
 * The memory in which members of one message are bytes. It is freed when the last who holds it lets go; whoever forgets to, or
 * cannot know, leaves it to the collector. Nothing may be read after that: an attempt throws, and no other bytes are seen.
 */
export class ByteOwner {
  readonly #memory: Buffer
  /** The message's own hold is the first. */
  #holds = 1

  /** @param memory nobody else's, and nothing else is in it */
  constructor (memory: Buffer) {
    this.#memory = memory
  }

  hold (): void {
    this.#holds++
  }

  release (): void {
    this.#holds--
    if (this.#holds === 0) freeBytes(this.#memory)
  }
}

/** The owner of a buffer's bytes, if it has its memory to itself. */
export function ownerOf (bytes: Buffer): ByteOwner | undefined {
  return bytes.length === bytes.buffer.byteLength ? new ByteOwner(bytes) : undefined
}

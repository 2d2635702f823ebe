import type { ByteOwner } from './byte-owner.ts'
import type { JsonObject } from './message.ts'
import { rawMembers } from './raw-members.ts'

/** A JSON text: as a string, or in pieces where a large part of it is bytes already. */
export type JsonText = string | SplicedText

/** A JSON text in pieces, none of which is copied before somebody needs it in one. Strings among them are short. */
export class SplicedText {
  readonly pieces: ReadonlyArray<string | Buffer>
  /** Length in UTF-8. */
  readonly bytes: number
  readonly #owners: readonly ByteOwner[]

  /** @param owners of those pieces that are bytes */
  constructor (pieces: ReadonlyArray<string | Buffer>, owners: readonly ByteOwner[]) {
    this.pieces = pieces
    this.#owners = owners
    this.bytes = pieces.reduce((sum, piece) => sum + (typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length), 0)
  }

  /** It is being written: what its pieces lie in stays until `release`. */
  hold (): void {
    for (const owner of this.#owners) owner.hold()
  }

  /** It was written, and everybody who writes knows that by his own hold or is the last: system calls read the memory until then. */
  release (): void {
    for (const owner of this.#owners) owner.release()
  }

  /** Does this byte occur in it? */
  holds (byte: number): boolean {
    return this.pieces.some((piece) => typeof piece === 'string' ? piece.includes(String.fromCharCode(byte)) : piece.includes(byte))
  }

  /** Not for the hot path: decodes all of it. */
  toString (): string {
    return this.pieces.join('')
  }

  /** @throws Error when memory of a piece was freed: what is not overwritten of the new memory would be somebody else's (T18) */
  toBuffer (): Buffer {
    const whole = Buffer.allocUnsafe(this.bytes)
    let at = 0
    for (const piece of this.pieces) at += typeof piece === 'string' ? whole.write(piece, at) : piece.copy(whole, at)
    if (at !== this.bytes) throw new Error('a text whose memory was freed')
    return whole
  }
}

/** Adds to pieces so that strings next to each other become one. */
export function append (pieces: Array<string | Buffer>, text: string): void {
  const last = pieces.at(-1)
  if (typeof last === 'string') pieces[pieces.length - 1] = last + text
  else pieces.push(text)
}

/**
 * Adds what JSON.stringify makes of an object, with the bytes of its raw members as they are.
 * @throws Error when a member's memory was freed: nothing may be written of it
 */
export function appendObject (pieces: Array<string | Buffer>, object: JsonObject): void {
  let before = '{'
  for (const key of Object.keys(object)) {
    const bytes = rawMembers(object).find((member) => member.key === key)?.bytes
    const text = bytes === undefined ? JSON.stringify(object[key]) as string | undefined : ''
    if (text === undefined) continue
    if (bytes?.length === 0) throw new Error('a member whose memory was freed')
    append(pieces, `${before}${JSON.stringify(key)}:${text}`)
    if (bytes !== undefined) pieces.push(bytes)
    before = ','
  }
  append(pieces, before === '{' ? '{}' : '}')
}

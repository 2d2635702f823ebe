import { OPEN_ARRAY } from './scan-cursor.ts'

/**
 * From so many bytes on, a member stays bytes: below, checking and splicing cost what parsing and stringifying cost
 * (measured with texts, rows of small members and texts full of escapes).
 */
export const LARGE_MEMBER_BYTES = 16_384

/** A container in a text that shall not be parsed: byte offsets, end exclusive. */
export interface Hole {
  readonly key: string
  readonly start: number
  readonly end: number
}

/**
 * The text of `bytes[start, end)` with each hole as an empty container, which ends where it ends whatever follows: so the whole
 * is JSON exactly if this and each hole are.
 * @param holes in the order in which they stand
 */
export function hollowText (bytes: Buffer, start: number, end: number, holes: readonly Hole[]): string {
  let text = ''
  let from = start
  for (const hole of holes) {
    text += bytes.toString('utf8', from, hole.start) + (bytes[hole.start] === OPEN_ARRAY ? '[]' : '{}')
    from = hole.end
  }
  return text + bytes.toString('utf8', from, end)
}

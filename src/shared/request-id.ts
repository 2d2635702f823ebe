import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
const ID_DIGITS = ID_BYTES * 2
/** How many ids the generator is asked for at once. */
const IDS_AT_ONCE = 256

const random = Buffer.allocUnsafeSlow(ID_BYTES * IDS_AT_ONCE)
const digits = Buffer.allocUnsafeSlow(ID_DIGITS * IDS_AT_ONCE)
let used = digits.length

/**
 * An id for one request: 128 random bits as 32 hexadecimal digits, the form of a trace id. Random, because callers see it: a
 * count would tell each of them how much the others do. Not `randomUUID`, whose text is in pieces that have to be joined before it
 * can be a header.
 */
export function newRequestId (): string {
  if (used === digits.length) {
    randomFillSync(random)
    digits.write(random.toString('hex'), 'latin1')
    used = 0
  }
  used += ID_DIGITS
  // A text of its own: a part of a longer one would hold all of it for as long as one id is remembered.
  return digits.toString('latin1', used - ID_DIGITS, used)
}

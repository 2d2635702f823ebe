import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
const ID_DIGITS = ID_BYTES * 2
/** How many ids the generator is asked for at once. */
const IDS_AT_ONCE = 256

const random = Buffer.allocUnsafeSlow(ID_BYTES * IDS_AT_ONCE)
let digits = ''
let used = 0

/**
 * An id for one request: 128 random bits as 32 hexadecimal digits, the form of a trace id. Random, because callers see it: a
 * count would tell each of them how much the others do. Not `randomUUID`, whose text is in pieces that have to be joined before it
 * can be a header.
 */
export function newRequestId (): string {
  if (used === digits.length) {
    randomFillSync(random)
    digits = random.toString('hex')
    used = 0
  }
  used += ID_DIGITS
  return digits.slice(used - ID_DIGITS, used)
}

import { createHash } from 'node:crypto'

/** What may stand in a key as it is: no separator, no brace, no pattern character of Redis. */
const PLAIN = /^[\w.-]{1,64}$/
const MAX_CHARS = 96

/**
 * A name as a part of a key: two names never give one text, and no name can end its part, open another hash tag or be taken for
 * a pattern (T57). Plain names stay readable, others are percent-encoded, long and ill-formed ones are hashed.
 */
export function keyPart (name: string): string {
  if (PLAIN.test(name)) return name
  const escaped = name.isWellFormed() ? encodeURIComponent(name).replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`) : ''
  // `~` stands in no escaped name.
  return escaped !== '' && escaped.length <= MAX_CHARS ? escaped : `~${createHash('sha256').update(name, 'utf16le').digest('base64url')}`
}

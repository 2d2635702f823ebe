import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Script } from './types.ts'

/** A name is a path inside this room and nothing else. */
const NAME = /^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/

/**
 * The script of a file of this room. Call it once, when a module is loaded: `const CALL = script('limits/call')`. A file opens with
 * a comment in five parts: what it does, `KEYS:`, `ARGV:`, `Returns:` and `Ends:`; it takes the time from Redis (`TIME`, FR36),
 * and all its keys have one hash tag.
 * @throws when there is no such file: a fault of the installation, found at the start
 */
export function script (name: string): Script {
  if (!NAME.test(name)) throw new Error(`not a script's name: ${name}`)
  const text = readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8')
  return Object.freeze({ name, text, sha1: createHash('sha1').update(text).digest('hex') })
}

import { OUTSIDE } from './outside.ts'
import { isObject } from './types.ts'

/**
 * What a `$ref` inside this document means.
 * @throws OUTSIDE when it leads out of the document, or to an anchor, or nowhere
 */
export function resolveRef (root: unknown, ref: string): unknown {
  if (ref === '#') return root
  if (!ref.startsWith('#/')) throw OUTSIDE
  let at = root
  for (const part of pointerOf(ref)) {
    if (Array.isArray(at)) at = at[Number(part)]
    else if (isObject(at) && Object.hasOwn(at, part)) at = at[part]
    else throw OUTSIDE
  }
  return at
}

function pointerOf (ref: string): string[] {
  try {
    return decodeURIComponent(ref.slice(2)).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  } catch {
    throw OUTSIDE
  }
}

/** Draft-07 and older, if the schema says so: what stands beside `$ref` does not count there. */
export function isOldDialect (root: unknown): boolean {
  return isObject(root) && typeof root['$schema'] === 'string' && /^https?:\/\/json-schema\.org\/draft-0\d\//.test(root['$schema'])
}

/** The dialects themselves, which every validator has. */
const DIALECT = /^https?:\/\/json-schema\.org\/(?:draft-07\/schema|draft\/2020-12\/schema)#?$/

/** Does it need another document? Nothing is ever fetched (T37, MCP 2026-07-28). A text that is called `$ref` in a default or example counts too. */
export function refersOut (schema: unknown): boolean {
  for (const inner of objectsIn(schema)) {
    for (const name of ['$ref', '$dynamicRef', '$recursiveRef']) {
      const ref = inner[name]
      if (typeof ref === 'string' && !ref.startsWith('#') && !DIALECT.test(ref)) return true
    }
  }
  return false
}

/** All objects and arrays of a JSON value, itself first; not by recursion. */
export function * objectsIn (value: unknown): Generator<Readonly<Record<string, unknown>>> {
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const at = waiting.pop()
    if (typeof at !== 'object' || at === null) continue
    yield at as Record<string, unknown>
    for (const inner of Object.values(at)) if (typeof inner === 'object' && inner !== null) waiting.push(inner)
  }
}

import { parentPort } from 'node:worker_threads'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'

// A thread of its own for schemas whose cost nobody can bound beforehand: it is ended when it takes too long. Nothing is fetched:
// `compile` knows the documents that it is given and the dialects, and no other. Not TypeScript, whose loader would cost the
// thread more memory than everything else.
//
// In: { schema, json, members }, out: a Verdict of types.ts; `up` once, when it can begin.

/** Compiled schemas that are kept. */
const MAX_KEPT = 50
const OLD = /^https?:\/\/json-schema\.org\/draft-0\d\//
const OPTIONS = { strict: false, validateFormats: false, validateSchema: false, ownProperties: true, addUsedSchema: false, logger: false, allErrors: false, unicodeRegExp: true }

const kept = new Map()

/** Undefined: nothing can be made of it, so it says nothing, as a keyword that is malformed. */
function compiled (text) {
  if (kept.has(text)) return kept.get(text)
  if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value)
  const check = compile(JSON.parse(text))
  kept.set(text, check)
  return check
}

function compile (schema) {
  const Dialect = OLD.test(String(schema.$schema)) ? Ajv : Ajv2020
  // Patterns that only the older syntax of regular expressions has are taken as such.
  for (const unicodeRegExp of [true, false]) {
    try {
      return new Dialect({ ...OPTIONS, unicodeRegExp }).compile({ ...schema, $schema: undefined })
    } catch {
      // The other one, or none.
    }
  }
  return undefined
}

function verdict ({ schema, json, members }) {
  const value = JSON.parse(typeof json === 'string' ? json : Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString())
  if (members !== undefined && members !== membersOf(value)) return { kind: 'repeated' }
  const check = compiled(schema)
  if (check === undefined) return { kind: 'unreadable' }
  if (check(value)) return { kind: 'fits' }
  return { kind: 'mismatch', mismatch: mismatchOf(check.errors?.[0]) }
}

function membersOf (value) {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value)
  return inner.reduce((sum, one) => sum + membersOf(one), Array.isArray(value) ? 0 : inner.length)
}

function mismatchOf (error) {
  const path = (error?.instancePath ?? '').split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const missing = error?.params?.missingProperty
  if (typeof missing === 'string') return { path: [...path, missing], expected: 'a value, but it is missing' }
  return { path, expected: `what the schema says (${String(error?.message ?? 'it does not fit').slice(0, 200)})` }
}

/** A member called `toString` makes Ajv's comparison throw, and a value may nest deeper than its code can call itself. */
function settled (job) {
  try {
    return verdict(job)
  } catch {
    return { kind: 'late' }
  }
}

parentPort.on('message', (job) => parentPort.postMessage(settled(job)))
parentPort.postMessage('up')

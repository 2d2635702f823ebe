import { compileSchema } from './compile-schema.ts'
import { refersOut } from './references.ts'
import { SchemaThreads } from './schema-threads.ts'
import type { CompiledSchema, Mismatch, Verdict } from './types.ts'

/** One schema, ready. Shared by everybody whose tools have the very same one; holds nothing else. */
export interface ArgumentCheck {
  /** `inline`: {@link run} decides mostly. `thread`: only {@link runApart} does. `refers out`: it needs another document, so nothing can be said. `too large`: nothing is said. */
  readonly kind: 'inline' | 'thread' | 'refers out' | 'too large'
  /** Undefined = fits; `apart` = ask {@link runApart}. Synchronous, at most a few milliseconds. */
  run (value: unknown): Mismatch | 'apart' | undefined
  /**
   * In a thread.
   * @param json the value as JSON; bytes with memory of their own are handed over, and are empty here afterwards
   * @param members how many members its objects have together, as written; absent = it is known to say none twice
   */
  runApart (json: string | Uint8Array<ArrayBuffer>, members?: number): Promise<Verdict>
}

/** All schemas of all tools. */
export interface SchemaBook {
  /** The check of a schema; the same object for equal schemas. Undefined = it is none (no object), and says nothing. */
  of (schema: unknown): ArgumentCheck | undefined
  /** Ends the threads. */
  close (): void
}

/** How much is kept, and how long a check may take. */
export interface SchemaBookOptions {
  /** From when the thread begins until it is ended. Default 1 000. */
  readonly deadlineMs?: number
  /** Threads at most. Default 2. */
  readonly maxThreads?: number
}

/** Larger ones are checked in a thread (rulings 4). */
const MAX_INLINE_CHARS = 65_536
/** Larger ones are not checked at all. */
const MAX_CHARS = 1_048_576
/** Of all schemas together; they are kept as text, and beside it as what was compiled of those that were used. */
const MAX_BOOK_CHARS = 32_000_000
const MAX_BOOK_ENTRIES = 20_000

/**
 * Keyed by the schema's own text: no user, tenant or server is in it, and equal texts mean the same to everybody. A schema is
 * compiled when it is first used; what was used longest ago is not kept, and made again when it comes again.
 */
export function createSchemaBook ({ deadlineMs = 1_000, maxThreads = 2 }: SchemaBookOptions = {}): SchemaBook {
  const threads = new SchemaThreads({ deadlineMs, maxThreads })
  const checks = new Map<string, ArgumentCheck>()
  let chars = 0
  return {
    of (schema) {
      const text = typeof schema === 'object' && schema !== null ? textOf(schema) : undefined
      if (text === undefined) return undefined
      const known = checks.get(text)
      if (known !== undefined) return known
      const check = text.length > MAX_CHARS ? TOO_LARGE : new LazyCheck(text, threads)
      if (check === TOO_LARGE) return check
      checks.set(text, check)
      chars += text.length
      for (const oldest of checks.keys()) {
        if (chars <= MAX_BOOK_CHARS && checks.size <= MAX_BOOK_ENTRIES) break
        checks.delete(oldest)
        chars -= oldest.length
      }
      return check
    },
    close: () => threads.close()
  }
}

const FITS: Verdict = Object.freeze({ kind: 'fits' })

const TOO_LARGE: ArgumentCheck = { kind: 'too large', run: () => undefined, runApart: () => Promise.resolve(FITS) }

class LazyCheck implements ArgumentCheck {
  readonly #text: string
  readonly #threads: SchemaThreads
  #compiled: CompiledSchema | 'outside' | 'refers out' | undefined

  constructor (text: string, threads: SchemaThreads) {
    this.#text = text
    this.#threads = threads
  }

  get kind (): ArgumentCheck['kind'] {
    const compiled = this.#compile()
    if (compiled === 'refers out') return compiled
    return compiled === 'outside' ? 'thread' : 'inline'
  }

  run (value: unknown): Mismatch | 'apart' | undefined {
    const compiled = this.#compiled ?? this.#compile()
    if (typeof compiled === 'string') return 'apart'
    const found = compiled.run(value)
    return found === 'too costly' ? 'apart' : found
  }

  runApart (json: string | Uint8Array<ArrayBuffer>, members?: number): Promise<Verdict> {
    return this.#threads.check(this.#text, json, members)
  }

  #compile (): CompiledSchema | 'outside' | 'refers out' {
    if (this.#compiled !== undefined) return this.#compiled
    const schema: unknown = JSON.parse(this.#text)
    const isSmall = this.#text.length <= MAX_INLINE_CHARS
    const compiled = isSmall ? compileSchema(schema) : refersOut(schema) ? 'refers out' : 'outside'
    this.#compiled = compiled
    return compiled
  }
}

/** Undefined: nested beyond what can be written again. */
function textOf (schema: object): string | undefined {
  try {
    return JSON.stringify(schema)
  } catch {
    return undefined
  }
}

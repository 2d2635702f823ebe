import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { ONCE_KEPT_MS, type OnceClaim, type OnceId, type OnceStore } from '../../resilience/index.ts'
import { readJson } from '../../shared/read-json.ts'
import type { Keys } from '../keys.ts'
import { script } from '../script.ts'
import type { RedisStore, SignedValues } from '../types.ts'

const CLAIM = script('once/claim')
const SETTLE = script('once/settle')

/** Of one value in Redis (FR25); what is longer is remembered without its outcome. */
const MAX_OUTCOME_CHARS = 256 * 1024
/** A call that runs on another replica is asked after this often. The callers of one user mostly meet on one replica, where nobody has to ask. */
const ASK_AGAIN_MS = 200

/** The parts of a Redis composition that this store is made of. */
export interface OnceStoreParts {
  readonly store: RedisStore
  readonly signed: SignedValues
  readonly keys: Keys
}

/** Named calls that all replicas know. While Redis is away nobody can tell what has run, so they are refused (reliability C). */
export function createOnceStore (parts: OnceStoreParts): OnceStore {
  return new SharedOnceStore(parts)
}

class SharedOnceStore implements OnceStore {
  readonly #parts: OnceStoreParts

  constructor (parts: OnceStoreParts) {
    this.#parts = parts
  }

  async claim (id: OnceId, digest: string, leaseMs: number): Promise<OnceClaim> {
    const { store, signed } = this.#parts
    const key = this.#keyOf(id)
    const ticket = signed.sign(key, JSON.stringify({ digest, ticket: randomUUID() }))
    try {
      const known = await store.run(CLAIM, [key], [ticket, leaseMs])
      if (known === null) return { kind: 'first', ticket }
      return claimOf(typeof known === 'string' ? signed.verify(key, known) : undefined, digest)
    } catch {
      return { kind: 'refused' }
    }
  }

  settle (id: OnceId, ticket: string, outcome: string): void {
    const { signed } = this.#parts
    const key = this.#keyOf(id)
    const { digest } = recordIn(signed.verify(key, ticket)) ?? {}
    const record = JSON.stringify({ digest, isDone: true, ...(outcome.length <= MAX_OUTCOME_CHARS ? { outcome } : {}) })
    this.#end(key, ticket, signed.sign(key, record))
  }

  release (id: OnceId, ticket: string): void {
    this.#end(this.#keyOf(id), ticket, '')
  }

  /** What does not arrive leaves the claim to its end: meanwhile the call counts as running. */
  #end (key: string, ticket: string, record: string): void {
    this.#parts.store.send(SETTLE, [key], [ticket, record, ONCE_KEPT_MS])
  }

  #keyOf ({ tenant, hash }: OnceId): string {
    return this.#parts.keys.onceCall(tenant, hash)
  }
}

interface Stored { readonly digest?: unknown, readonly isDone?: unknown, readonly outcome?: unknown }

function recordIn (text: string | undefined): Stored | undefined {
  if (text === undefined) return undefined
  const value: unknown = readJson(text)
  return typeof value === 'object' && value !== null ? value : undefined
}

/** A record that nobody of us wrote says nothing, least of all that the call has not run (T57). */
function claimOf (text: string | undefined, digest: string): OnceClaim {
  const record = recordIn(text)
  if (record === undefined) return { kind: 'refused' }
  if (record.digest !== digest) return { kind: 'conflict' }
  if (record.isDone !== true) return { kind: 'running', ended: pause(ASK_AGAIN_MS, undefined, { ref: false }) }
  return { kind: 'done', outcome: typeof record.outcome === 'string' ? record.outcome : undefined }
}

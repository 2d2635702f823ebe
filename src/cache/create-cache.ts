import { readJson } from '../shared/read-json.ts'
import { BoundedMap } from './bounded-map.ts'
import { Changes } from './changes.ts'
import { frozen } from './frozen.ts'
import type { Cache, Kept, Reading, SharedTier, Slot, Topic } from './types.ts'

/** Longest text that the second tier is given, in bytes (FR25). */
const MAX_SHARED_BYTES = 262_144
/** What is kept for less time is not worth the way there. */
const MIN_SHARED_MS = 500
const MAX_ENTRIES = 50_000
/** A parsed value takes two to four times its text in memory. */
const BYTES_PER_CHAR = 3
/** Keys, and what an entry is besides its value. */
const ENTRY_BYTES = 500
/** One entry takes no more than this share of the whole. */
const MAX_SHARE = 1 / 8

/** What a cache is made with. */
export interface CacheOptions {
  /** Most bytes in this process, as estimated from the length of what is kept. */
  readonly maxBytes: number
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  /** Milliseconds since 1970: replicas share no other clock. */
  readonly wallMs: () => number
  /** Memory is short: nothing new is kept (FR37). Absent = never. */
  readonly noCache?: () => boolean
  /** Absent = what is kept is this process's alone. */
  readonly shared?: SharedTier
}

interface Entry { readonly value: unknown, readonly atMs: number, readonly ttlMs: number, readonly since: number }

/** An empty cache over up to two tiers. */
export function createCache ({ maxBytes, nowMs, wallMs, noCache = () => false, shared }: CacheOptions): Cache {
  const changes = new Changes()
  const entries = new BoundedMap<Entry>({ maxEntries: MAX_ENTRIES, maxChars: maxBytes, maxEntryChars: maxBytes * MAX_SHARE })
  const endListening = shared?.onChanged((topic) => { changes.changed(nameOf(topic)) }, () => { changes.gap() })

  function begin (generation?: string): Reading {
    return { since: changes.now, atMs: nowMs(), generation }
  }

  function keepHere<V> ({ topic, id }: Slot<V>, { since, atMs }: Pick<Reading, 'since' | 'atMs'>, value: V, chars: number, ttlMs: number): void {
    entries.set(keyOf(topic, id), { value: frozen(value), atMs, ttlMs, since }, chars * BYTES_PER_CHAR + ENTRY_BYTES)
  }

  async function ask<V> (tier: SharedTier, slot: Slot<V>): Promise<{ kept: Kept<V> | undefined, reading: Reading }> {
    const { since, atMs } = begin()
    try {
      const { text, generation } = await tier.read(slot.topic, slot.id)
      const reading = { since, atMs, generation }
      const written = text === undefined ? undefined : readWritten(slot, text)
      if (text === undefined || written === undefined) return { kept: undefined, reading }
      const kept = { value: frozen(written.value), atMs: nowMs() - Math.max(0, wallMs() - written.atWallMs), ttlMs: written.ttlMs, isDoubtful: false }
      if (!noCache() && changes.standing(nameOf(slot.topic), since) === 'current') keepHere(slot, { since, atMs: kept.atMs }, kept.value, text.length, kept.ttlMs)
      return { kept, reading }
    } catch {
      return { kept: undefined, reading: { since, atMs, generation: undefined } }
    }
  }

  return {
    last<V> ({ topic, id }: Slot<V>): Kept<V> | undefined {
      const entry = entries.get(keyOf(topic, id))
      const standing = entry === undefined ? 'gone' : changes.standing(nameOf(topic), entry.since)
      if (entry === undefined || standing === 'gone') return undefined
      // Of this slot's type: nothing else is ever kept under its key.
      return { value: entry.value as V, atMs: entry.atMs, ttlMs: entry.ttlMs, isDoubtful: standing === 'doubtful' }
    },
    begin: () => begin(),
    fromReplicas: (slot) => shared !== undefined && slot.isShared && shared.isUp ? ask(shared, slot) : undefined,
    keep (slot, reading, value, chars, ttlMs) {
      if (noCache() || changes.standing(nameOf(slot.topic), reading.since) !== 'current') return
      keepHere(slot, reading, value, chars, ttlMs)
      if (shared === undefined || !slot.isShared || reading.generation === undefined || ttlMs < MIN_SHARED_MS || chars > MAX_SHARED_BYTES) return
      const leftMs = Math.floor(ttlMs - (nowMs() - reading.atMs))
      const text = JSON.stringify({ a: wallMs() - (nowMs() - reading.atMs), t: ttlMs, v: slot.codec.toJson(value) })
      if (leftMs >= MIN_SHARED_MS && Buffer.byteLength(text) <= MAX_SHARED_BYTES) shared.write(slot.topic, slot.id, text, leftMs, reading.generation)
    },
    stands: (topic, since) => changes.standing(nameOf(topic), since) === 'current',
    forget (topic) {
      changes.changed(nameOf(topic))
      shared?.changed(topic)
    },
    get size () { return { entries: entries.size, bytes: entries.chars } },
    close () { endListening?.() }
  }
}

/** Signed by a replica of ours, which may be of another version. */
function readWritten<V> (slot: Slot<V>, text: string): { readonly value: V, readonly atWallMs: number, readonly ttlMs: number } | undefined {
  const { a, t, v } = readJson(text) as { readonly a?: unknown, readonly t?: unknown, readonly v?: unknown }
  const value = slot.codec.fromJson(v)
  return value === undefined || typeof a !== 'number' || typeof t !== 'number' ? undefined : { value, atWallMs: a, ttlMs: t }
}

/** Hashes and fixed words hold no blanks. */
function nameOf ({ group, kind }: Topic): string {
  return `${group} ${kind}`
}

function keyOf (topic: Topic, id: string): string {
  return `${nameOf(topic)} ${id}`
}

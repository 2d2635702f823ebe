import { hash } from 'node:crypto'
import type { Era } from '../shared/era.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { EraVerdicts } from './types.ts'
import { readVerdicts, writeVerdicts, type EntryVerdict, type VerdictFile } from './verdict-file.ts'

/** How long a server that lacked an era is believed to lack it. Whoever finds an era missing gets along without it for ever, so this has to end (MCP 2026-07-28 versioning). */
const LACKS_MS = 24 * 60 * 60 * 1000
/** Entries that are remembered; the ones touched longest ago go first. Far more than a configuration has. */
const MAX_ENTRIES = 1000
const ERAS: readonly Era[] = ['legacy', 'modern']

/** What the verdicts of one gateway need. */
export interface EraVerdictsOptions {
  /** Where verdicts outlive a restart; undefined = nowhere. */
  readonly file: VerdictFile | undefined
  /** Verdicts are dated by the wall: they outlive the process. */
  readonly wallMs: () => number
  /** A write failed. Verdicts are a convenience: nothing else comes of it. */
  readonly onThrown: (thrown: unknown) => void
}

/** {@link EraVerdicts} with the file behind it. */
export interface StoredEraVerdicts extends EraVerdicts {
  /** Resolves when everything known so far is in the file, or could not be written. */
  flush (): Promise<void>
}

/**
 * Remembers per effective entry which eras a server spoke and which it lacked. An era of which nothing is known is tried,
 * the client's first; one that it lacked is not, for a day. What it speaks is proved anew by each opening, so that needs no
 * end: an opening that finds it lacking says so.
 */
export function createEraVerdicts ({ file, wallMs, onThrown }: EraVerdictsOptions): StoredEraVerdicts {
  const entries = new Map<string, EntryVerdict>(file === undefined ? [] : readVerdicts(file))
  let writing = Promise.resolve()
  let isWaiting = false

  function fresh (server: ServerSettings): EntryVerdict {
    const { legacy, modern } = entries.get(keyOf(server)) ?? {}
    return { ...ifFresh('legacy', legacy), ...ifFresh('modern', modern) }
  }

  function ifFresh (era: Era, verdict: EntryVerdict[Era]): EntryVerdict {
    // Either way: a clock that was wrong when it was written must not keep a verdict alive.
    if (verdict === undefined || (!verdict.speaks && Math.abs(wallMs() - verdict.atMs) > LACKS_MS)) return {}
    return { [era]: verdict }
  }

  function note (server: ServerSettings, era: Era, speaks: boolean): void {
    const before = fresh(server)
    if (before[era]?.speaks === speaks) return
    put(keyOf(server), { ...before, [era]: { speaks, atMs: wallMs() } })
  }

  function put (key: string, verdict: EntryVerdict | undefined): void {
    entries.delete(key)
    if (verdict !== undefined) entries.set(key, verdict)
    const [oldest] = entries.keys()
    if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest)
    if (file !== undefined) save(file)
  }

  /** What comes while one write is under way goes into the next one together. */
  function save (into: VerdictFile): void {
    if (isWaiting) return
    isWaiting = true
    writing = writing.then(() => {
      isWaiting = false
      return writeVerdicts(into, entries)
    }).catch(onThrown)
  }

  return {
    order (server, wanted) {
      if (server.era !== 'auto') return [server.era]
      const verdict = fresh(server)
      const all: readonly Era[] = [wanted, other(wanted)]
      const possible = all.filter((era) => verdict[era]?.speaks !== false)
      return possible.length === 0 ? all : possible
    },
    speaks: (server, era) => note(server, era, true),
    lacks: (server, era) => note(server, era, false),
    forget (server) {
      if (entries.has(keyOf(server))) put(keyOf(server), undefined)
    },
    known (server) {
      const verdict = fresh(server)
      const spoken = ERAS.filter((era) => verdict[era]?.speaks === true)
      if (spoken.length === 0) return undefined
      return { eras: spoken, atMs: Math.max(...spoken.map((era) => verdict[era]?.atMs ?? 0)) }
    },
    flush: () => writing
  }
}

function other (era: Era): Era {
  return era === 'legacy' ? 'modern' : 'legacy'
}

/** Entries' own hashes are parts of worker keys; what is written down is a hash of them for this purpose alone. */
function keyOf (server: ServerSettings): string {
  const known = keys.get(server)
  if (known !== undefined) return known
  const key = hash('sha256', `era verdict ${server.entryHash}`)
  keys.set(server, key)
  return key
}

/** Settings are frozen; every request without a session asks for the eras of its HTTP server. */
const keys = new WeakMap<ServerSettings, string>()

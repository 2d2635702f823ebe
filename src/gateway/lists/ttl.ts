import type { JsonObject } from '../../protocol/index.ts'
import type { Connection } from '../../upstream/index.ts'

/** No server decides for longer than this (T23). */
const MAX_TTL_MS = 300_000
/** What a server that says nothing is taken to say when others do: it may be of an era that cannot. */
const UNSAID_TTL_MS = 60_000

/** For how many milliseconds a modern server says that its list may be kept: a whole number from 0 to 300 000; undefined = it does not say. */
export function ttlOf (connection: Connection | undefined, result: JsonObject): number | undefined {
  const ttlMs = connection?.era === 'modern' ? result['ttlMs'] : undefined
  return typeof ttlMs === 'number' && ttlMs >= 0 ? Math.min(Math.floor(ttlMs), MAX_TTL_MS) : undefined
}

/** The shortest of several; undefined = none was said. */
export function shortestTtl (ttls: ReadonlyArray<number | undefined>): number | undefined {
  const said = ttls.filter((ttlMs) => ttlMs !== undefined)
  if (said.length === 0) return undefined
  return Math.min(...said, said.length < ttls.length ? UNSAID_TTL_MS : MAX_TTL_MS)
}

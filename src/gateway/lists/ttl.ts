import { capabilitiesOf } from '../../bridge/index.ts'
import { MAX_TTL_MS } from '../../cache/index.ts'
import { isJsonObject, type JsonObject } from '../../protocol/index.ts'
import type { Settings } from '../../shared/settings.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { Connection } from '../../upstream/index.ts'
import type { ListMethod } from './list-method.ts'

/** Lists that nobody gave a time for, unless the operator says otherwise. */
const LIST_TTL_MS = 60_000
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

/** Does the server say that the answer depends on nobody in particular? Heeded only where the operator allows it (T23). */
export function isPublic (connection: Connection | undefined, result: JsonObject): boolean {
  return connection?.era === 'modern' && result['cacheScope'] === 'public'
}

/**
 * May a list be reused whatever its caller does meanwhile? If the server gave a time, or tells of changes unasked: session-era
 * ones do, over a transport on which they can always speak.
 */
export function isVouched (connection: Connection | undefined, { transport }: Pick<ServerSettings, 'transport'>, { capability }: Pick<ListMethod, 'capability'>, ttlMs: number | undefined): boolean {
  if (ttlMs !== undefined) return true
  if (connection?.era !== 'legacy' || transport === 'http') return false
  const offered = capabilitiesOf(connection)[capability]
  return isJsonObject(offered) && offered['listChanged'] === true
}

/** The operator's time for lists of a server that gives none; 0 = they are not reused. */
export function listTtlOf ({ cache }: Pick<Settings, 'cache'>, server: Pick<ServerSettings, 'cache'>): number {
  return server.cache?.listTtlMs ?? cache?.listTtlMs ?? LIST_TTL_MS
}

import { createHash } from 'node:crypto'
import type { JsonObject } from '../../protocol/index.ts'
import { routeKey } from '../../session/index.ts'
import type { SealedPayload, Sealer } from '../../seal/index.ts'
import type { ServerName } from '../../shared/ids.ts'
import type { ListCaller } from './list-caller.ts'
import type { ListMethod } from './list-method.ts'

/** How long a client may take from one page to the next. */
const CURSOR_MS = 3_600_000
/** Longest cursor that is taken from a server, in bytes of JSON: what is sealed has to stay below 64 KiB. */
const MAX_INNER_BYTES = 32_768

/** Whose cursor it is. */
type CursorOwner = Pick<ListCaller, 'principal' | 'route'>
/** Of which list. */
type Listing = Pick<ListMethod, 'method'>

/**
 * A cursor as clients get it (T21): sealed for its owner, the endpoint and the list, so that it is refused everywhere else.
 * @param payload what is needed to go on
 */
export function sealCursor (sealer: Sealer, caller: CursorOwner, list: Listing, payload: SealedPayload): string {
  return sealer.seal('cursor', ownerOf(caller), { ...payload, method: list.method }, CURSOR_MS)
}

/** What was sealed into a cursor; undefined = forged, expired, somebody else's, or of another endpoint or list. */
export function openCursor (sealer: Sealer, caller: CursorOwner, list: Listing, cursor: unknown): SealedPayload | undefined {
  const payload = sealer.open('cursor', ownerOf(caller), cursor)
  return payload?.['method'] === list.method ? payload : undefined
}

/** Params with the server's own cursor in place of ours. The empty one is nobody's secret: it goes through as it is. */
export function withServersCursor (sealer: Sealer, caller: CursorOwner, list: Listing, params: JsonObject | undefined): JsonObject | undefined | 'foreign' {
  const cursor = params?.['cursor']
  if (cursor === undefined || cursor === '') return params
  const opened = openCursor(sealer, caller, list, cursor)
  return opened === undefined ? 'foreign' : { ...params, cursor: opened['inner'] }
}

/** A server's page with its cursor sealed. Undefined: the cursor is too long to be one. What is no cursor, as `null`, ends the list and is taken off. */
export function withSealedCursor (sealer: Sealer, caller: CursorOwner, list: Listing, server: ServerName, page: JsonObject): JsonObject | undefined {
  const { nextCursor, ...last } = page
  if (!Object.hasOwn(page, 'nextCursor') || nextCursor === '') return page
  if (typeof nextCursor !== 'string') return last
  if (!isSealable(nextCursor)) return undefined
  return { ...last, nextCursor: sealCursor(sealer, caller, list, { server, inner: nextCursor }) }
}

/** One that is larger than any list page is no cursor (T39). */
function isSealable (inner: string): boolean {
  return Buffer.byteLength(JSON.stringify(inner)) <= MAX_INNER_BYTES
}

/** Stands for an item in a cursor: URIs may be longer than a cursor can be. */
export function markOf (identity: string): string {
  return createHash('sha256').update(identity).digest('base64url')
}

function ownerOf ({ principal, route }: CursorOwner): string {
  return JSON.stringify([principal.ownerKey, routeKey(route)])
}

import { createHash } from 'node:crypto'
import { routeKey } from '../../session/index.ts'
import type { SealedPayload, Sealer } from '../../seal/index.ts'
import type { ListCaller } from './list-caller.ts'
import type { ListMethod } from './list-method.ts'

/** How long a client may take from one page to the next. */
const CURSOR_MS = 3_600_000
/** Longest cursor that is taken from a server, in bytes of JSON: what is sealed has to stay below 64 KiB. */
const MAX_INNER_BYTES = 32_768

/**
 * A cursor as clients get it (T21): sealed for its owner, the endpoint and the list, so that it is refused everywhere else.
 * @param payload what is needed to go on
 */
export function sealCursor (sealer: Sealer, caller: ListCaller, list: ListMethod, payload: SealedPayload): string {
  return sealer.seal('cursor', ownerOf(caller), { ...payload, method: list.method }, CURSOR_MS)
}

/** What was sealed into a cursor; undefined = forged, expired, somebody else's, or of another endpoint or list. */
export function openCursor (sealer: Sealer, caller: ListCaller, list: ListMethod, cursor: unknown): SealedPayload | undefined {
  const payload = sealer.open('cursor', ownerOf(caller), cursor)
  return payload?.['method'] === list.method ? payload : undefined
}

/** Can this cursor of a server's be sealed? One that is larger than any list page is no cursor (T39). */
export function isSealable (inner: string): boolean {
  return Buffer.byteLength(JSON.stringify(inner)) <= MAX_INNER_BYTES
}

/** Stands for an item in a cursor: URIs may be longer than a cursor can be. */
export function markOf (identity: string): string {
  return createHash('sha256').update(identity).digest('base64url')
}

function ownerOf ({ principal, route }: ListCaller): string {
  return JSON.stringify([principal.ownerKey, routeKey(route)])
}

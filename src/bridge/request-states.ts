import { createHash } from 'node:crypto'
import type { JsonObject } from '../protocol/index.ts'
import type { Sealer } from '../seal/index.ts'
import { routeKey, type SessionRoute } from '../session/index.ts'
import type { Principal } from '../shared/principal.ts'

/** Longest life of a requestState: clients may never come back (MCP 2026-07-28 multi round-trip requests). */
export const STATE_TTL_MS = 600_000

/** Kind of what is sealed: a state of this kind opens nothing else. */
const KIND = 'request-state'

/** Whom a state is made for and about what: all of it is checked when it comes back (T21). */
export interface StateSubject {
  readonly principal: Principal
  readonly route: SessionRoute
  readonly method: string
  /** As the client sent them. */
  readonly params: JsonObject
}

/** What a state that was handed out means. */
export type RequestState =
  /** A call that waits in this process for the client's answers. */
  | { readonly kind: 'parked', readonly park: string, readonly round: number }
  /** A modern server's own state, if it gave one. */
  | { readonly kind: 'relayed', readonly inner: string | undefined }
  /** Nothing ran yet: the original request is sent again as it is (error -32042 of 2025-11-25). */
  | { readonly kind: 'reissue' }

/** Seals and opens the `requestState` of this gateway. A client can neither read nor change one, nor use another's. */
export class RequestStates {
  readonly #sealer: Sealer

  constructor (sealer: Sealer) {
    this.#sealer = sealer
  }

  seal (subject: StateSubject, state: RequestState): string {
    return this.#sealer.seal(KIND, ownerOf(subject), { ...state, digest: digestOf(subject) }, STATE_TTL_MS)
  }

  /** Undefined for anything that was not made for this principal, route and request, or is too old. */
  open (subject: StateSubject, text: unknown): RequestState | undefined {
    if (typeof text !== 'string') return undefined
    const opened = this.#sealer.open(KIND, ownerOf(subject), text)
    if (opened?.['digest'] !== digestOf(subject)) return undefined
    return opened as unknown as RequestState
  }
}

function ownerOf ({ principal, route }: StateSubject): string {
  return JSON.stringify([principal.ownerKey, routeKey(route)])
}

/** SHA-256 over the request less what differs between its rounds; members in any order are the same request, and nothing else is. */
function digestOf ({ method, params }: StateSubject): string {
  const { _meta: _hop, inputResponses: _answers, requestState: _state, ...original } = params
  return createHash('sha256').update(JSON.stringify([method, ordered(original)])).digest('base64url')
}

function ordered (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1).map(([key, member]) => [key, ordered(member)]))
}

import { fullJitterMs } from '../../resilience/index.ts'
import type { ServerName } from '../../shared/ids.ts'
import type { ClientCredentials } from '../../shared/settings/client-credentials.ts'
import type { AccessToken } from './token-answer.ts'
import { CredentialError } from './credential-error.ts'
import { createTokenRequest, type TokenRequest } from './token-request.ts'

/** A token is renewed beside the requests when this part of its life is left, but not earlier than so many milliseconds before its end. */
const RENEW_PART = 0.1
const RENEW_MS = 30_000
/** After a failed fetch, and after a token that was refused as soon as it was there: first wait and longest. */
const FIRST_WAIT_MS = 500
const MAX_WAIT_MS = 30_000

/** What is told of fetches. Must not throw. */
export interface TokenEvents { fetched (server: ServerName, outcome: 'ok' | 'failed'): void }

/** What a source of tokens needs besides the entry. */
export interface TokenSourceParts {
  /** Monotonic. */
  readonly nowMs: () => number
  readonly events: TokenEvents
  readonly random?: () => number
  /** Default: the entry's token endpoint. */
  readonly request?: TokenRequest
}

interface Current { readonly value: string, readonly renewAtMs: number, readonly endMs: number }

/** The token of one entry, for all who call its server (FR13): fetched by one of them, and renewed by one of them. It is in no log. */
export interface TokenSource {
  /** A token that is good as far as is known. Without waiting while there is one. @throws CredentialError (as a rejection) */
  token (): string | Promise<string>
  /**
   * The server answered 401 to this token: the next one, fetched once for all who say so. Undefined: there is none, or the last ones were
   * refused as well, so that another would be too.
   */
  renewed (refused: string): Promise<string | undefined>
  /** The server took a token. */
  accepted (): void
  close (): void
}

/** The tokens of one entry with `credentials`, fetched when first needed and kept for as long as they hold (RFC 6749 4.4, T49). */
export function createTokenSource (server: ServerName, credentials: ClientCredentials, parts: TokenSourceParts): TokenSource {
  return new CachedToken(server, parts.request ?? createTokenRequest(credentials), parts)
}

class CachedToken implements TokenSource {
  readonly #server: ServerName
  readonly #request: TokenRequest
  readonly #parts: TokenSourceParts
  #current: Current | undefined
  #fetching: Promise<string> | undefined
  #failures = 0
  #failure = new CredentialError('GW_UPSTREAM_UNAVAILABLE', 'no token was fetched yet')
  #notBeforeMs = 0
  /** Renewals after a 401 in a row, without a token that was taken in between. */
  #refusals = 0
  #noRenewalBeforeMs = 0

  constructor (server: ServerName, request: TokenRequest, parts: TokenSourceParts) {
    this.#server = server
    this.#request = request
    this.#parts = parts
  }

  token (): string | Promise<string> {
    const current = this.#current
    if (current === undefined) return this.#fetch()
    const nowMs = this.#parts.nowMs()
    if (nowMs >= current.endMs) return this.#fetch()
    // Beside: nobody waits for it, and the next one to ask hears of its failure.
    if (nowMs >= current.renewAtMs) this.#fetch().catch(() => {})
    return current.value
  }

  async renewed (refused: string): Promise<string | undefined> {
    if (this.#current !== undefined && this.#current.value !== refused) return this.#current.value
    if (this.#fetching === undefined) {
      const nowMs = this.#parts.nowMs()
      if (nowMs < this.#noRenewalBeforeMs) return undefined
      this.#noRenewalBeforeMs = nowMs + this.#waitMs(this.#refusals++)
    }
    return await this.#fetch().catch(() => undefined)
  }

  accepted (): void {
    if (this.#refusals === 0) return
    this.#refusals = 0
    this.#noRenewalBeforeMs = 0
  }

  close (): void { this.#request.close() }

  /** At most half of a step is taken off: a server that refuses everybody is not asked at once again. */
  #waitMs (attempt: number): number {
    const random = this.#parts.random ?? Math.random
    return fullJitterMs(attempt, FIRST_WAIT_MS, MAX_WAIT_MS, () => 0.5 + random() / 2)
  }

  /** One for all. */
  #fetch (): Promise<string> {
    if (this.#fetching !== undefined) return this.#fetching
    if (this.#parts.nowMs() < this.#notBeforeMs) return Promise.reject(this.#failure)
    this.#fetching = this.#request.send().then((token) => this.#took(token), (thrown: unknown) => this.#failed(thrown)).finally(() => { this.#fetching = undefined })
    return this.#fetching
  }

  #took ({ value, lifeS }: AccessToken): string {
    const nowMs = this.#parts.nowMs()
    const lifeMs = lifeS === undefined ? Infinity : lifeS * 1000
    this.#failures = 0
    this.#current = { value, renewAtMs: nowMs + lifeMs - Math.min(RENEW_MS, lifeMs * RENEW_PART), endMs: nowMs + lifeMs }
    this.#parts.events.fetched(this.#server, 'ok')
    return value
  }

  #failed (thrown: unknown): never {
    this.#failure = thrown instanceof CredentialError ? thrown : new CredentialError('GW_UPSTREAM_UNAVAILABLE', 'the token request failed')
    this.#notBeforeMs = this.#parts.nowMs() + this.#waitMs(this.#failures++)
    this.#parts.events.fetched(this.#server, 'failed')
    throw this.#failure
  }
}

import type { AnswerHead, AnswerListener, Outbound } from '../../net/index.ts'
import { createOutbound, OutboundError } from '../../net/index.ts'
import type { ClientCredentials } from '../../shared/settings/client-credentials.ts'
import { CredentialError } from './credential-error.ts'
import { readTokenAnswer, type AccessToken } from './token-answer.ts'

/** From the wish for a token to the end of the answer. */
const REQUEST_MS = 10_000
/** A token with all that some servers write around it. */
const MAX_ANSWER_BYTES = 64 * 2 ** 10

/** Asks the token endpoint of one entry. */
export interface TokenRequest {
  /** @throws CredentialError */
  send (): Promise<AccessToken>
  close (): void
}

/** Makes the request of the client credentials grant (RFC 6749 4.4.2) over guarded connections (T47). */
export function createTokenRequest (credentials: ClientCredentials): TokenRequest {
  const { tokenUrl, allowPrivateNetwork, tls } = credentials
  const outbound = createOutbound({ url: tokenUrl, allowPrivateNetwork, maxConnections: 1, ...(tls === undefined ? {} : { tls }) })
  const head = outbound.head('POST', headersOf(credentials))
  const body = bodyOf(credentials)
  return {
    send: () => new Promise((resolve, reject) => { new Asking(resolve, reject).send(outbound, head, body) }),
    close: () => { outbound.destroy() }
  }
}

function headersOf ({ clientAuthentication, clientId, clientSecret }: ClientCredentials): string[] {
  const headers = ['content-type', 'application/x-www-form-urlencoded', 'accept', 'application/json', 'accept-encoding', 'identity']
  if (clientAuthentication === 'post') return headers
  // Both are form-encoded first (RFC 6749 2.3.1).
  const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`
  return [...headers, 'authorization', `Basic ${Buffer.from(pair).toString('base64')}`]
}

function formEncoded (text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

function bodyOf ({ clientAuthentication, clientId, clientSecret, scope, resource, audience }: ClientCredentials): string {
  const body = new URLSearchParams({ grant_type: 'client_credentials' })
  for (const [name, value] of Object.entries({ scope, resource, audience })) if (value !== undefined) body.set(name, value)
  if (clientAuthentication === 'post') {
    body.set('client_id', clientId)
    body.set('client_secret', clientSecret)
  }
  return body.toString()
}

class Asking implements AnswerListener {
  readonly #resolve: (token: AccessToken) => void
  readonly #reject: (error: CredentialError) => void
  readonly #timer = setTimeout(() => { this.#fail('the token endpoint did not answer in time') }, REQUEST_MS).unref()
  readonly #pieces: Buffer[] = []
  #bytes = 0
  #status = 0
  #cancel = (): void => {}

  constructor (resolve: (token: AccessToken) => void, reject: (error: CredentialError) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  send (outbound: Outbound, head: ReturnType<Outbound['head']>, body: string): void {
    const sending = outbound.send(head, body, this)
    this.#cancel = () => { sending.cancel() }
  }

  onSent (): void {}
  onHead (head: AnswerHead): void { this.#status = head.status }

  onData (piece: Buffer): void {
    this.#bytes += piece.length
    // The piece's memory is used again.
    if (this.#bytes <= MAX_ANSWER_BYTES) this.#pieces.push(Buffer.from(piece))
    else this.#fail('the token endpoint answered with too much')
  }

  onEnd (): void {
    clearTimeout(this.#timer)
    try {
      this.#resolve(readTokenAnswer(this.#status, Buffer.concat(this.#pieces).toString()))
    } catch (thrown) {
      this.#reject(thrown as CredentialError)
    }
  }

  onLost (error: Error): void {
    this.#fail(`the token endpoint was not reached: ${error instanceof OutboundError ? error.reason : error.message}`)
  }

  #fail (reason: string): void {
    clearTimeout(this.#timer)
    this.#cancel()
    this.#reject(new CredentialError('GW_UPSTREAM_UNAVAILABLE', reason))
  }
}

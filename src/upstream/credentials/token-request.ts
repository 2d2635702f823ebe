import { askText, createOutbound, OutboundError, type Outbound, type RequestHead } from '../../net/index.ts'
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
    send: () => askForToken(outbound, head, body),
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

async function askForToken (outbound: Outbound, head: RequestHead, body: string): Promise<AccessToken> {
  const late = new AbortController()
  const timer = setTimeout(() => { late.abort(new Error('no answer in time')) }, REQUEST_MS).unref()
  try {
    const { status, text } = await askText(outbound, { head, body, maxBytes: MAX_ANSWER_BYTES, signal: late.signal })
    return readTokenAnswer(status, text)
  } catch (thrown) {
    throw thrown instanceof CredentialError ? thrown : notTold(thrown)
  } finally {
    clearTimeout(timer)
  }
}

function notTold (thrown: unknown): CredentialError {
  const { message, cause } = thrown as Error
  return new CredentialError('GW_UPSTREAM_UNAVAILABLE', `the token endpoint ${cause instanceof OutboundError ? 'was not reached' : 'did not tell'}: ${message}`)
}

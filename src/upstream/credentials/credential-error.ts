/**
 * There is no token for a request, so it was not sent. The message is for the log and holds nothing secret.
 * GW_UPSTREAM_AUTH: the authorization server refused; GW_UPSTREAM_UNAVAILABLE: it could not be asked.
 */
export class CredentialError extends Error {
  readonly code: 'GW_UPSTREAM_AUTH' | 'GW_UPSTREAM_UNAVAILABLE'

  constructor (code: CredentialError['code'], reason: string) {
    super(reason)
    this.name = 'CredentialError'
    this.code = code
  }
}

import type { TlsSettings } from './tls.ts'

/** The gateway as an OAuth client of its own towards one upstream server (RFC 6749 4.4). */
export interface ClientCredentials {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** Where the secret goes (RFC 6749 2.3.1). */
  readonly clientAuthentication: 'basic' | 'post'
  readonly scope?: string
  /** RFC 8707. */
  readonly resource?: string
  readonly audience?: string
  /** Of the token endpoint. */
  readonly allowPrivateNetwork: boolean
  readonly tls?: TlsSettings
}

import type { TlsSettings } from './tls.ts'

/** Asked before every call, over HTTP. */
export interface PolicyHookSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Default 500. */
  readonly timeoutMs: number
  /** Questions at a time; more wait within their time. Default 32. */
  readonly maxConcurrent: number
  /** Is it told the arguments themselves? Otherwise their SHA-256. Default false. */
  readonly sendArguments: boolean
  /** What an answer that does not come means. Default `deny`. */
  readonly whenAway: 'deny' | 'allow'
  readonly allowPrivateNetwork: boolean
  readonly tls?: TlsSettings
}

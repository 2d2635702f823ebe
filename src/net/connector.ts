import { isIP } from 'node:net'
import { buildConnector } from 'undici'
import type { TlsSettings } from '../shared/settings.ts'
import { createGuardedLookup } from './guarded-lookup.ts'
import { OutboundError } from './outbound-error.ts'
import { hostOf, refusalOf } from './target-url.ts'
import type { TargetRules } from './target-url.ts'
import type { Resolve } from './types.ts'

/** What {@link createConnector} needs. */
export interface ConnectorParts {
  readonly url: URL
  readonly rules: TargetRules
  readonly tls: TlsSettings | undefined
  readonly resolve: Resolve
  readonly connectMs: number
}

/**
 * Makes the connections to one target. Whatever it is asked to connect to, it connects to that target's host and
 * nothing else, and only to addresses that the rules allow. All errors come as an {@link OutboundError}.
 */
export function createConnector ({ url, rules, tls, resolve, connectMs }: ConnectorParts): buildConnector.connector {
  const host = hostOf(url)
  const isLiteral = isIP(host) !== 0
  const dial = buildConnector({
    ...tlsOptions(tls),
    allowH2: false,
    autoSelectFamily: true,
    timeout: connectMs,
    lookup: createGuardedLookup(rules, resolve)
  })
  // A name in SNI has no final dot (RFC 6066 3), and an address has no SNI: Node then checks the certificate against the address.
  const servername = rules.protocol === 'http:' ? undefined : tls?.servername ?? (isLiteral ? undefined : host.replace(/\.$/, ''))
  return (_asked, callback) => {
    // Sockets do not look up addresses, so the guarded lookup never sees one.
    const refusal = isLiteral ? refusalOf(host, rules) : undefined
    if (refusal !== undefined) {
      queueMicrotask(() => callback(new OutboundError('address', `${host}: ${refusal}`), null))
      return
    }
    const options = { protocol: url.protocol, hostname: host, host: url.host, port: url.port, ...(servername === undefined ? {} : { servername }) }
    dial(options, (...[error, socket]: [Error | null, unknown]) => {
      if (error === null) callback(null, socket as Parameters<typeof callback>[1] & object)
      else callback(toOutboundError(error, url), null)
    })
  }
}

/** Verification is not a choice: without it TLS only hides from those who do not ask. TLS 1.2 at least (RFC 9325 3.1.1). */
function tlsOptions (tls: TlsSettings | undefined) {
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2' as const,
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls?.key === undefined ? {} : { key: tls.key })
  }
}

function toOutboundError (error: Error & { readonly code?: string, readonly syscall?: string }, url: URL): OutboundError {
  if (error instanceof OutboundError) return error
  const reason = `${url.host}: ${error.code ?? ''} ${error.message}`.trim()
  if (error.code === 'UND_ERR_CONNECT_TIMEOUT') return new OutboundError('timeout', reason, error)
  const isSystem = error instanceof AggregateError || error.syscall === 'connect' || error.code === 'ECONNRESET' || url.protocol === 'http:'
  return new OutboundError(isSystem ? 'connect' : 'tls', reason, error)
}

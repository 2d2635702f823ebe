import { connect as connectPlain, isIP } from 'node:net'
import type { OnReadOpts, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { TlsSettings } from '../shared/settings/tls.ts'
import { createGuardedLookup } from './guarded-lookup.ts'
import { OutboundError } from './outbound-error.ts'
import { hostOf, refusalOf } from './target-url.ts'
import type { TargetRules } from './target-url.ts'
import type { Resolve } from './types.ts'

/** What {@link createDial} needs. */
export interface DialParts {
  readonly url: URL
  readonly rules: TargetRules
  readonly tls: TlsSettings | undefined
  readonly resolve: Resolve
  readonly connectMs: number
}

/** Hears, once and never before `Dial` has returned, what became of a connection that was asked for. */
export interface DialListener {
  /** It stands, TLS included. */
  onStanding (): void
  onFailed (error: OutboundError): void
}

/** Begins a connection; what is read goes to `onread`. Undefined: it may not even be begun, which the listener is told. */
export type Dial = (onread: OnReadOpts, listener: DialListener) => Socket | undefined

/** A peer that vanished is noticed although nothing is sent: probes begin after this. */
const PROBE_AFTER_MS = 60_000

/**
 * Makes the connections to one target, to its host and nothing else, and only to addresses that the rules allow. All errors
 * until the connection stands come as an {@link OutboundError}.
 */
export function createDial ({ url, rules, tls, resolve, connectMs }: DialParts): Dial {
  const host = hostOf(url)
  // Sockets do not look up addresses, so the guarded lookup never sees one.
  const refusal = isIP(host) === 0 ? undefined : refusalOf(host, rules)
  const begin = url.protocol === 'https:' ? secure(host, url, tls) : plain(host, url)
  const lookup = createGuardedLookup(rules, resolve)
  return (onread, { onStanding, onFailed }) => {
    if (refusal !== undefined) {
      queueMicrotask(() => onFailed(new OutboundError('address', `${host}: ${refusal}`)))
      return undefined
    }
    const { socket, standing } = begin({ host, lookup, autoSelectFamily: true, onread })
    const timer = setTimeout(() => socket.destroy(new OutboundError('timeout', `${url.host}: no connection within ${connectMs} ms`)), connectMs)
    let failure: Error | undefined
    const fail = (error: Error) => { failure = error }
    const close = () => {
      clearTimeout(timer)
      onFailed(toOutboundError(failure ?? new Error('closed'), url))
    }
    socket.setNoDelay(true).setKeepAlive(true, PROBE_AFTER_MS).on('error', fail).on('close', close).once(standing, () => {
      clearTimeout(timer)
      socket.off('error', fail).off('close', close)
      onStanding()
    })
    return socket
  }
}

interface Common {
  readonly host: string
  readonly lookup: ReturnType<typeof createGuardedLookup>
  readonly autoSelectFamily: true
  readonly onread: OnReadOpts
}

type Begin = (common: Common) => { readonly socket: Socket, readonly standing: 'connect' | 'secureConnect' }

function plain (host: string, { port }: URL): Begin {
  return (common) => ({ socket: connectPlain({ ...common, host, port: Number(port || 80) }), standing: 'connect' })
}

/** Verification is not a choice: without it TLS only hides from those who do not ask. TLS 1.2 at least (RFC 9325 3.1.1). */
function secure (host: string, { port }: URL, tls: TlsSettings | undefined): Begin {
  // A name in SNI has no final dot (RFC 6066 3), and an address has no SNI: Node then checks the certificate against the address.
  const servername = tls?.servername ?? (isIP(host) === 0 ? host.replace(/\.$/, '') : undefined)
  const fixed = {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2' as const,
    ALPNProtocols: ['http/1.1'],
    port: Number(port || 443),
    ...(servername === undefined ? {} : { servername }),
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls?.key === undefined ? {} : { key: tls.key })
  }
  let session: Buffer | undefined
  return (common) => {
    const socket: TLSSocket = connectTls({ ...common, ...fixed, ...(session === undefined ? {} : { session }) })
    socket.on('session', (newest: Buffer) => { session = newest })
    return { socket, standing: 'secureConnect' }
  }
}

function toOutboundError (error: Error & { readonly code?: string, readonly syscall?: string }, url: URL): OutboundError {
  if (error instanceof OutboundError) return error
  const reason = `${url.host}: ${error.code ?? ''} ${error.message}`.trim()
  if (error.code === 'ETIMEDOUT') return new OutboundError('timeout', reason, error)
  const isSystem = error instanceof AggregateError || error.syscall === 'connect' || error.code === 'ECONNRESET' || url.protocol === 'http:'
  return new OutboundError(isSystem ? 'connect' : 'tls', reason, error)
}

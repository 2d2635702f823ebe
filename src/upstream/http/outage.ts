import { ConnectionError, OutboundError } from '../../net/index.ts'
import type { ExchangeEnd } from './exchange.ts'

/** Statuses with which proxies, and servers themselves, say that nobody is there who could do it (FR14). */
export function isOutageStatus (status: number): boolean {
  return status === 502 || status === 503 || status === 504
}

/** Is it the server, or the way to it, that failed? Not our own guard, what we closed ourselves, or a token that was not to be had. */
export function isOutageError (error: Error): boolean {
  if (error instanceof OutboundError) return error.failure !== 'address' && error.failure !== 'url'
  return error instanceof ConnectionError && error.failure === 'lost'
}

/** Does an exchange that ended so say that the server is down? */
export function isOutage (end: ExchangeEnd): boolean {
  switch (end.kind) {
    case 'lost': return isOutageError(end.error)
    case 'refused': return isOutageStatus(end.status)
    case 'complete':
    case 'breach': return false
  }
}

/** Could a second try find a connection? Not to an address that may not be reached, with a wrong certificate, or without a token. */
export function mayPass (error: Error): boolean {
  if (error instanceof OutboundError) return error.failure === 'connect' || error.failure === 'timeout'
  return error instanceof ConnectionError
}

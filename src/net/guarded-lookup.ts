import { promises as dns } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { OutboundError } from './outbound-error.ts'
import { refusalOf } from './target-url.ts'
import type { TargetRules } from './target-url.ts'
import type { Resolve } from './types.ts'

/** A resolver that answers neither way for this long has failed; the last good answer can still be used in time. */
const RESOLVE_MS = 1_000
/** More addresses than any name needs are not looked at. */
const MAX_ADDRESSES = 64
/** The resolver says that the name is gone; anything else is trouble of the resolver's own. */
const GONE = new Set(['ENOTFOUND', 'ENODATA'])

/** The system's resolver: hosts file, then DNS. */
export const systemResolve: Resolve = async (host) => await dns.lookup(host, { all: true })

/**
 * Name resolution for the sockets of one target: asks once per new connection, holds every answer to the rules, and
 * gives the socket the very addresses that were checked, so that nothing is resolved a second time between check and
 * connection (T47). One bad answer refuses all: a name that also points inside is being misused. Connections that begin
 * at once share one question. While the resolver is in trouble the last good answer serves (FR45).
 */
export function createGuardedLookup (rules: TargetRules, resolve: Resolve): LookupFunction {
  let asking: Promise<readonly LookupAddress[]> | undefined
  let lastGood: readonly LookupAddress[] | undefined

  async function ask (host: string): Promise<readonly LookupAddress[]> {
    let answer: readonly LookupAddress[]
    try {
      answer = await inTime(resolve(host))
    } catch (error) {
      if (lastGood !== undefined && !GONE.has((error as NodeJS.ErrnoException).code ?? '')) return lastGood
      lastGood = undefined
      throw error instanceof OutboundError ? error : new OutboundError('resolve', `${host} could not be resolved: ${(error as Error).message}`, error)
    }
    lastGood = undefined
    lastGood = checked(host, answer, rules)
    return lastGood
  }

  return (host, options, callback) => {
    asking ??= ask(host).finally(() => { asking = undefined })
    asking.then((addresses) => {
      if (options.all === true) return callback(null, [...addresses])
      callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
    }, (error: Error) => callback(error, []))
  }
}

function checked (host: string, answer: readonly LookupAddress[], rules: TargetRules): readonly LookupAddress[] {
  if (answer.length === 0 || answer.length > MAX_ADDRESSES) throw new OutboundError('resolve', `${host} resolved to ${answer.length} addresses`)
  return answer.map(({ address }) => {
    const refusal = refusalOf(address, rules)
    if (refusal !== undefined) throw new OutboundError('address', `${host} resolved to ${address}: ${refusal}`)
    return { address, family: isIP(address) }
  })
}

async function inTime<T> (work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new OutboundError('resolve', `the resolver did not answer within ${RESOLVE_MS} ms`)), RESOLVE_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

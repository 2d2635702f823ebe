import { isIP } from 'node:net'

/** Ports of an entry that names none: what HTTP and HTTPS have by default (RFC 9110 4.2). */
const WEB_PORTS: readonly number[] = [80, 443]

/** What an entry lets through. */
export type Allowance =
  /** Addresses of the public internet only. */
  | 'public'
  /** The entry names host and port, so the operator knows where it leads: private addresses, too. */
  | 'named'

/** Finds the allowance of a host and port; undefined = none. */
export type AllowList = (host: string, port: number) => Allowance | undefined

interface Entry {
  readonly matches: (host: string) => boolean
  readonly ports: readonly number[] | undefined
  readonly allowance: Allowance
}

/**
 * Reads `sandbox.network`. `host` and `*.domain` (any depth below the domain, not itself) and `*` stand for ports 80 and
 * 443 at public addresses; `host:port` for that port, and wherever the name leads.
 * @param entries as config/ has checked them
 * @returns takes a host as the URL parser writes it, without brackets or final dot
 */
export function createAllowList (entries: readonly string[]): AllowList {
  const list = entries.map(readEntry)
  return (host, port) => {
    const found = list.filter(({ matches, ports }) => ports?.includes(port) === true && matches(host))
    return found.find(({ allowance }) => allowance === 'named')?.allowance ?? found[0]?.allowance
  }
}

function readEntry (entry: string): Entry {
  const [, pattern = '', port] = /^(.*?)(?::([0-9]+))?$/.exec(entry.toLowerCase()) ?? []
  const isWild = pattern.startsWith('*')
  return {
    matches: matcher(pattern),
    ports: port === undefined ? WEB_PORTS : [Number(port)],
    allowance: !isWild && port !== undefined ? 'named' : 'public'
  }
}

function matcher (pattern: string): Entry['matches'] {
  if (pattern === '*') return () => true
  if (pattern.startsWith('*.')) return (host) => host.endsWith(pattern.slice(1)) && host.length >= pattern.length && isIP(host) === 0
  return (host) => host === pattern
}

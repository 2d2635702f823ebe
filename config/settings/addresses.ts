import { isIPv6 } from 'node:net'

/** An address that only this machine can reach. */
export function isLoopback (host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare) || /^::ffff:127\./.test(bare)
}

/** A URL whose host is a loopback address. */
export function isLoopbackUrl (url: string): boolean {
  return URL.canParse(url) && isLoopback(new URL(url).hostname)
}

/** All addresses of the machine: nothing a client could call. */
export function isWildcard (host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '[::]'
}

/** Something to listen on that a URL can name too: no scheme, port, path or space. */
export function isHost (text: string): boolean {
  return (isIPv6(text) || /^[A-Za-z0-9_.-]{1,253}$/.test(text)) && URL.canParse(`http://${urlHost(text)}/`)
}

/** A host as URLs write it: IPv6 in brackets. */
export function urlHost (host: string): string {
  return isIPv6(host) ? `[${host}]` : host
}

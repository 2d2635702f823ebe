import { isIP } from 'node:net'
import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { HttpSettings } from '../../src/shared/settings/http.ts'
import { DEFAULTS } from '../defaults.ts'
import type { GatewayFile } from '../schema/gateway-file.ts'
import { isHost, isLoopback, isWildcard, urlHost } from './addresses.ts'

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]']
/** An Origin header value: scheme, host, maybe a port; browsers write extension and app schemes the same way. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/*?#@]+$/

/** The public HTTP side: where it is reached, and whom it answers. */
export function buildHttp (http: GatewayFile['http'], listen: { host: string, port: number }, place: Place, report: Report): HttpSettings {
  const publicUrl = originOf(http?.publicUrl, within(place, 'publicUrl'), report) ?? defaultUrl(listen, place, report)
  const hosts = (http?.allowedHosts ?? []).map((host, index) => checkedHost(host, within(place, 'allowedHosts', index), report))
  const origins = (http?.allowedOrigins ?? []).map((origin, index) => checkedOrigin(origin, within(place, 'allowedOrigins', index), report))
  http?.trustedProxies?.forEach((address, index) => {
    if (isIP(address) === 0) report.fault(within(place, 'trustedProxies', index), 'expected one IP address (ranges and names are not accepted)')
  })
  return {
    publicUrl,
    allowedHosts: hosts.length > 0 ? hosts : [...new Set([new URL(publicUrl).hostname.toLowerCase(), ...LOOPBACK_HOSTS])],
    allowedOrigins: origins,
    trustedProxies: http?.trustedProxies ?? [],
    maxBodyBytes: http?.maxBodyBytes ?? DEFAULTS.maxBodyBytes
  }
}

function originOf (url: string | undefined, place: Place, report: Report): string | undefined {
  if (url === undefined) return undefined
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const plain = parsed !== undefined && parsed.pathname === '/' && parsed.search === '' && parsed.hash === '' && parsed.username === '' && parsed.password === ''
  if (parsed !== undefined && plain) return parsed.origin
  report.fault(place, 'expected an origin such as https://mcp.example.com, without path, query or user')
  return undefined
}

function defaultUrl (listen: { host: string, port: number }, place: Place, report: Report): string {
  if (!isLoopback(listen.host)) report.warn(within(place, 'publicUrl'), 'is not set, though the gateway listens beyond this machine; clients that use another name in the Host header are refused')
  return `http://${isWildcard(listen.host) || !isHost(listen.host) ? '127.0.0.1' : urlHost(listen.host)}:${listen.port}`
}

function checkedHost (host: string, place: Place, report: Report): string {
  const lower = host.toLowerCase()
  const url = `http://${lower}/`
  if (!/^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(lower) || !URL.canParse(url)) report.fault(place, 'expected a host or host:port, without scheme or path')
  return lower
}

/** A wildcard would let every page in a user's browser call with the user's network position (T29). */
function checkedOrigin (origin: string, place: Place, report: Report): string {
  const lower = origin.toLowerCase()
  if (!ORIGIN.test(lower)) report.fault(place, 'expected an origin such as https://app.example.com, without path or wildcard')
  return lower
}

import { isIP } from 'node:net'
import { ok, refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import { classifyAddress } from './address-class.ts'

/** What the connections to one target may use. */
export interface TargetRules {
  readonly protocol: 'http:' | 'https:'
  readonly allowPrivateNetwork: boolean
}

/** What is wrong with a URL: a sentence that begins with "expected" and holds nothing of the URL. */
export type UrlComplaint = string

/**
 * Everything that can be said of a target's URL without asking for addresses. https; plain http only with the switch,
 * and then only to private addresses, because whoever sits on a public path reads the credentials.
 * @returns the URL, in which the parser has written every spelling of an address in one way (T47)
 */
export function checkTargetUrl (text: string, allowPrivateNetwork: boolean): Result<URL, UrlComplaint> {
  if (!URL.canParse(text)) return refuse('expected a URL such as https://mcp.example.com/mcp')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse('expected a URL that begins with https://')
  if (url.username !== '' || url.password !== '') return refuse('expected no user or password in the URL; put the credential into headers')
  const rules: TargetRules = { protocol: url.protocol, allowPrivateNetwork }
  const complaint = complaintOf(hostOf(url), rules)
  return complaint === undefined ? ok(url) : refuse(complaint)
}

function complaintOf (host: string, rules: TargetRules): UrlComplaint | undefined {
  if (isIP(host) !== 0) return refusalOf(host, rules)
  if (rules.allowPrivateNetwork) return undefined
  if (isLocalName(host)) return 'expected a public address, got a name of this machine; allowPrivateNetwork: true allows it'
  return rules.protocol === 'https:' ? undefined : 'expected https://; plain http is only for private addresses, with allowPrivateNetwork: true'
}

/**
 * Why an address may not be connected to, or `undefined` if it may.
 * @param address IPv4 or IPv6 without brackets
 */
export function refusalOf (address: string, { protocol, allowPrivateNetwork }: TargetRules): UrlComplaint | undefined {
  switch (classifyAddress(address)) {
    case 'forbidden': return 'expected an address that a server can have, got a link-local, metadata, multicast, unspecified or reserved one'
    case 'private': return allowPrivateNetwork ? undefined : 'expected a public address, got a loopback or private one; allowPrivateNetwork: true allows it'
    case 'public': return protocol === 'https:' ? undefined : 'expected https://, because plain http is only for private addresses'
  }
}

/** Host of a URL as name resolution and sockets want it: IPv6 without brackets. */
export function hostOf (url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
}

/** RFC 6761 6.3: these names never leave the machine. */
function isLocalName (host: string): boolean {
  return /(?:^|\.)localhost\.?$/.test(host)
}

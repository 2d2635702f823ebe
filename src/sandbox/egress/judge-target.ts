import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { ok, refuse } from '../../shared/result.ts'
import type { Result } from '../../shared/result.ts'
import type { AllowList } from './allow-list.ts'
import type { EgressAddress, EgressOptions, EgressRefusal } from './types.ts'

/** A refusal, and the sentence that the worker is told: which key to change, and nothing that maps a network. */
export interface TargetRefusal { readonly reason: EgressRefusal, readonly sentence: string }

/** More addresses than any name needs are not looked at. */
const MAX_ADDRESSES = 64
/** Also finds them written as IPv6. */
const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Says whether the names of an allow-list hold this host and port, before anything is resolved. */
export function judgeName (allows: AllowList, server: string, host: string, port: number): TargetRefusal | undefined {
  if (allows(host, port) !== undefined) return undefined
  return { reason: 'host', sentence: `${host}:${port} is not among the hosts in mcpServers.${server}.sandbox.network` }
}

/**
 * Holds the addresses of an allowed host to the rules: public ones, or private ones where the entry names host and port;
 * loopback only where the entry is itself a loopback name; never link-local and metadata ones, nor what the gateway listens
 * on. One bad address refuses all: a name that also points inside is being misused (T42, T47).
 * @returns the very addresses that may be connected to, so that nothing is resolved again
 */
export function judgeAddresses (options: Pick<EgressOptions, 'classify' | 'ownPorts'>, allows: AllowList, server: string, host: string, port: number, answer: readonly EgressAddress[]): Result<readonly EgressAddress[], TargetRefusal> {
  const isNamed = allows(host, port) === 'named'
  if (answer.length === 0 || answer.length > MAX_ADDRESSES) return refuse({ reason: 'address', sentence: `${host} has no usable address` })
  for (const { address } of answer) {
    const kind = options.classify(address)
    if (kind === 'forbidden') return refuse({ reason: 'address', sentence: `${host} leads to an address that no worker may reach` })
    if (kind === 'private' && !isNamed) return refuse({ reason: 'address', sentence: `${host} leads to a private address; ${unlock(server, host, port)}` })
    if (kind === 'private' && isLoopback(address) && !isLoopbackName(host)) return refuse({ reason: 'address', sentence: `${host} leads to the gateway's own machine; only an entry of mcpServers.${server}.sandbox.network with that address can allow it` })
    if (options.ownPorts().includes(port) && isOfThisMachine(address)) return refuse({ reason: 'gateway', sentence: `${host}:${port} is the gateway itself` })
  }
  return ok(answer.map(({ address }) => ({ address, family: isIP(address) })))
}

function unlock (server: string, host: string, port: number): string {
  return `"${isIP(host) === 6 ? `[${host}]` : host}:${port}" in mcpServers.${server}.sandbox.network would allow it`
}

function isLoopbackName (host: string): boolean {
  return host === 'localhost' || isLoopback(host)
}

function isLoopback (address: string): boolean {
  const family = isIP(address)
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

function isOfThisMachine (address: string): boolean {
  if (isLoopback(address)) return true
  const own = new BlockList()
  for (const entry of Object.values(networkInterfaces()).flat()) if (entry !== undefined) own.addAddress(entry.address, entry.family === 'IPv6' ? 'ipv6' : 'ipv4')
  return own.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

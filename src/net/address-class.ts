import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * What kind of network an address leads to:
 * - `public`: globally reachable unicast
 * - `private`: loopback, private, shared (CGNAT), unique local, documentation and benchmark ranges; an operator may allow them
 * - `forbidden`: nothing an MCP server can rightly be at: link-local, unspecified, multicast, broadcast, reserved, and
 *   the fixed addresses of clouds' metadata services
 */
export type AddressClass = 'public' | 'private' | 'forbidden'

/** IANA IPv4 special-purpose address registry (RFC 6890), and RFC 5771, RFC 1112. */
const FORBIDDEN_4 = ranges('ipv4', [
  '0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4',
  // metadata services outside 169.254: Alibaba, Oracle, Azure
  '100.100.100.200/32', '192.0.0.192/32', '168.63.129.16/32'
])
const PRIVATE_4 = ranges('ipv4', [
  '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24',
  '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'
])
/** Metadata services of AWS and Google Cloud inside the unique local range. */
const FORBIDDEN_6 = ranges('ipv6', ['fd00:ec2::254/128', 'fd20:ce::254/128'])
const PRIVATE_6 = ranges('ipv6', ['::1/128', 'fc00::/7', 'fec0::/10', '2001:2::/48', '2001:db8::/32', '3fff::/20'])
/** IANA IPv6 special-purpose address registry: all of global unicast but the protocol assignments (Teredo, ORCHID). */
const GLOBAL_6 = ranges('ipv6', ['2000::/3'])
const ASSIGNMENTS_6 = ranges('ipv6', ['2001::/23'])

/**
 * Prefixes whose addresses carry an IPv4 address, and the 16-bit group it begins at: mapped, compatible and translated
 * (RFC 4291, RFC 2765), NAT64 (RFC 6052), 6to4 (RFC 3056). They lead to where that address does. The local-use NAT64
 * prefix 64:ff9b:1::/48 carries one at a place that cannot be known, and stays forbidden with the rest.
 */
const CARRIERS = [
  { prefix: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { prefix: [0, 0, 0, 0, 0, 0], at: 6 },
  { prefix: [0, 0, 0, 0, 0xffff, 0], at: 6 },
  { prefix: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { prefix: [0x2002], at: 1 }
]

/**
 * Classes one address; text that is none, or has a zone, is `forbidden`.
 * @param address IPv4 in four decimals, or IPv6 in any spelling, without brackets
 */
export function classifyAddress (address: string): AddressClass {
  if (isIPv4(address)) return classify4(address)
  if (!isIPv6(address) || address.includes('%')) return 'forbidden'
  return classify6(address)
}

function classify4 (address: string): AddressClass {
  if (FORBIDDEN_4.check(address, 'ipv4')) return 'forbidden'
  return PRIVATE_4.check(address, 'ipv4') ? 'private' : 'public'
}

function classify6 (address: string): AddressClass {
  if (FORBIDDEN_6.check(address, 'ipv6')) return 'forbidden'
  if (PRIVATE_6.check(address, 'ipv6')) return 'private'
  const carried = carriedAddress(groupsOf(address))
  if (carried !== undefined) return classify4(carried)
  return GLOBAL_6.check(address, 'ipv6') && !ASSIGNMENTS_6.check(address, 'ipv6') ? 'public' : 'forbidden'
}

function carriedAddress (groups: readonly number[]): string | undefined {
  const carrier = CARRIERS.find(({ prefix }) => prefix.every((group, index) => groups[index] === group))
  if (carrier === undefined) return undefined
  const [high = 0, low = 0] = groups.slice(carrier.at)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight 16-bit groups. The URL parser writes every spelling in one way: hexadecimal, at most one `::`. */
function groupsOf (address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const left = numbers(head)
  const right = numbers(tail ?? '')
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
}

function numbers (part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
}

function ranges (family: 'ipv4' | 'ipv6', list: readonly string[]): BlockList {
  const block = new BlockList()
  for (const range of list) {
    const [net = '', bits] = range.split('/')
    block.addSubnet(net, Number(bits), family)
  }
  return block
}

/**
 * The members that MCP gives a meaning at the three levels where a message steers the gateway, and the spellings by
 * which another parser could read them differently: duplicates, letter case, escapes, control characters (T34), and
 * names that reach a prototype (T36). Everything deeper, tool arguments above all, is nobody's business here.
 */

/** A known member: its bytes for the fast comparison and its bit in a set of members already seen. */
interface Member {
  readonly name: string
  readonly bytes: Uint8Array
  readonly bit: number
}

/** One inspected level of a message. */
export interface Level {
  /** For reasons in the log: a closed set. */
  readonly label: 'envelope' | 'params' | '_meta'
  /** Members by length in bytes. */
  readonly byLength: ReadonlyArray<readonly Member[] | undefined>
  /** Members by folded name. */
  readonly byFold: ReadonlyMap<string, Member>
  /** Bit of the member whose object value is a level too; 0 = none. */
  readonly innerBit: number
  readonly inner: Level | undefined
}

/**
 * Folds letter case so that two keys which any common case-insensitive parser takes for the same come out equal.
 * At least Unicode simple case folding (`ſ` is `s`, the Kelvin sign is `k`), and besides it both Turkish i, which Java folds.
 */
export function foldKey (key: string): string {
  return key.replaceAll('\u0130', 'i').toUpperCase().toLowerCase()
}

function createLevel (label: Level['label'], names: readonly string[], innerName?: string, inner?: Level): Level {
  if (names.length > 31) throw new RangeError('a level has at most 31 members: their set is one 32-bit integer')
  const members = names.map((name, index): Member => ({ name, bytes: Buffer.from(name), bit: 1 << index }))
  const byLength: Member[][] = []
  for (const member of members) (byLength[member.bytes.length] ??= []).push(member)
  const innerBit = members.find((member) => member.name === innerName)?.bit ?? 0
  return { label, byLength, byFold: new Map(members.map((member) => [foldKey(member.name), member])), innerBit, inner }
}

const metaPrefix = 'io.modelcontextprotocol/'

const META = createLevel('_meta', [
  'progressToken', 'traceparent', 'tracestate', 'baggage', 'ui',
  ...['protocolVersion', 'clientCapabilities', 'clientInfo', 'serverInfo', 'logLevel', 'subscriptionId', 'related-task'].map((name) => metaPrefix + name)
])

/** The params of a request or notification. */
export const PARAMS = createLevel('params', [
  'name', 'arguments', '_meta', 'uri', 'cursor', 'ref', 'argument', 'context', 'level',
  'protocolVersion', 'capabilities', 'clientInfo', 'requestId', 'reason', 'progressToken', 'progress', 'total', 'message',
  'task', 'taskId', 'inputResponses', 'requestState', 'notifications'
], '_meta', META)

/** Bit of `arguments` in {@link PARAMS}. */
export const ARGUMENTS_BIT = memberBit(PARAMS, 'arguments')

/** The outermost object of a message (JSON-RPC 2.0 sections 4 and 5). */
export const ENVELOPE = createLevel('envelope', ['jsonrpc', 'id', 'method', 'params', 'result', 'error'], 'params', PARAMS)

/** Bit of `id` in the envelope. */
export const ID_BIT = memberBit(ENVELOPE, 'id')
/** Bit of `params` in the envelope. */
export const PARAMS_BIT = memberBit(ENVELOPE, 'params')

function memberBit (level: Level, name: string): number {
  return level.byFold.get(name)?.bit ?? 0
}

/** Bit of the member spelled plainly in `bytes[start, end)`, or 0. Allocates nothing: this runs for every key. */
export function plainMemberBit (level: Level, bytes: Uint8Array, start: number, end: number): number {
  const candidates = level.byLength[end - start]
  if (candidates === undefined) return 0
  for (const member of candidates) {
    let at = 0
    while (at < member.bytes.length && member.bytes[at] === bytes[start + at]) at++
    if (at === member.bytes.length) return member.bit
  }
  return 0
}

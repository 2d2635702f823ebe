import { isAscii, isUtf8 } from 'node:buffer'
import { readJson } from '../shared/read-json.ts'
import type { ErrorCode } from '../shared/errors.ts'
import { ok, refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import { ownerOf } from './byte-owner.ts'
import { classify } from './classify.ts'
import type { Inbound, InboundMessage } from './inbound.ts'
import { hollowText, LARGE_MEMBER_BYTES, type Hole } from './hollow.ts'
import { isJson } from './json-check.ts'
import { isIntegerToken, isJsonRpcId } from './json-rpc-id.ts'
import type { JsonObject, JsonRpcId } from './message.ts'
import { rawMember, setRaw } from './raw-members.ts'
import { OPEN_OBJECT } from './scan-cursor.ts'
import { scanBody } from './scan-body.ts'
import type { BodyScan } from './scan-body.ts'
import { noteRepeated } from './repeated-members.ts'
import type { MessageRanges } from './scan-message.ts'

/** Where the parts of a single message stand in its body. */
export interface BodyRanges extends Readonly<Omit<MessageRanges, 'argumentsStart' | 'argumentsEnd' | 'argumentsMembers'>> {
  /**
   * May bytes of the body be copied into a line for a worker as they are? False when a byte below 0x20 stands outside
   * strings or when U+0085, U+2028 or U+2029 occurs raw anywhere (rulings 4, T38): re-serialise instead. Duplicate
   * members deeper than `params._meta` are not refused: whoever reads arguments makes them a value, and only that is sent; {@link saysTwice} tells of them.
   */
  readonly spliceable: boolean
}

/** A body of well-formed JSON whose messages are classified. */
export type ParsedBody =
  | { readonly kind: 'single', readonly message: InboundMessage, readonly ranges: BodyRanges }
  | { readonly kind: 'batch', readonly messages: readonly Inbound[] }

/** Why a body was refused as a whole. */
export interface BodyRefusal {
  /** Not JSON; JSON but no message; more than 50 messages. */
  readonly code: Extract<ErrorCode, 'GW_PROTOCOL_PARSE' | 'GW_PROTOCOL_SHAPE' | 'GW_PROTOCOL_BATCH'>
  /** From a closed set; for the log. */
  readonly reason: string
  /** The id to answer under, null when none could be read. */
  readonly id: JsonRpcId | null
}

const faultCodes = { syntax: 'GW_PROTOCOL_PARSE', shape: 'GW_PROTOCOL_SHAPE', envelope: 'GW_PROTOCOL_SHAPE', batch: 'GW_PROTOCOL_BATCH' } as const

function parseRefusal (reason: string): Result<never, BodyRefusal> {
  return refuse({ code: 'GW_PROTOCOL_PARSE', reason, id: null })
}

/** The id of a single message that was refused before it was parsed, if the scan had come past it. */
function scannedId (body: Buffer, { batch, messages, fault }: BodyScan): JsonRpcId | null {
  const only = batch ? undefined : messages[0]
  if (fault?.kind !== 'shape' || only === undefined || only.idStart === -1) return null
  try {
    const id: unknown = JSON.parse(body.toString('utf8', only.idStart, only.idEnd))
    const echoable = isJsonRpcId(id) && (typeof id === 'string' || isIntegerToken(body, only.idStart, only.idEnd))
    return echoable ? id : null
  } catch {
    return null
  }
}

/** Characters that are line ends to somebody although JSON allows them raw in strings (T38). */
const lineEnds = ['\u0085', '\u2028', '\u2029'].map((character) => Buffer.from(character))

function holdsLineEnd (body: Buffer): boolean {
  return lineEnds.some((bytes) => body.includes(bytes))
}

function classified (value: unknown, body: Buffer, ranges: MessageRanges): Inbound {
  const message = classify(value, body, ranges)
  if (ranges.argumentsMembers > 0 && message.kind === 'request' && message.params !== undefined && rawMember(message.params, 'arguments') === undefined) noteRepeated(message.params['arguments'], ranges.argumentsMembers)
  return message
}

function parseSingle (value: unknown, body: Buffer, ranges: MessageRanges, spliceable: boolean): Result<ParsedBody, BodyRefusal> {
  const message = classified(value, body, ranges)
  if (message.kind === 'invalid') return refuse({ code: message.code, reason: message.reason, id: message.id })
  const { idStart, idEnd, paramsStart, paramsEnd } = ranges
  return ok({ kind: 'single', message, ranges: { idStart, idEnd, paramsStart, paramsEnd, spliceable } })
}

function parseBatch (values: readonly unknown[], body: Buffer, ranges: readonly MessageRanges[]): Result<ParsedBody, BodyRefusal> {
  if (values.length === 0) return refuse({ code: 'GW_PROTOCOL_SHAPE', reason: 'empty batch', id: null })
  return ok({ kind: 'batch', messages: values.map((value, index) => classified(value, body, ranges[index] as MessageRanges)) })
}

/** Large arguments that may be copied into a line as they are: only checked, and parsed by whoever wants to look at them. */
function argumentsIn (body: Buffer, ranges: MessageRanges | undefined): (Hole & { readonly said: number }) | undefined {
  if (ranges === undefined || ranges.argumentsEnd - ranges.argumentsStart < LARGE_MEMBER_BYTES || body[ranges.argumentsStart] !== OPEN_OBJECT) return undefined
  return { key: 'arguments', start: ranges.argumentsStart, end: ranges.argumentsEnd, said: ranges.argumentsMembers }
}

function parseText (text: string): { readonly value: unknown } | undefined {
  try {
    return { value: readJson(text) }
  } catch {
    return undefined
  }
}

/** What JSON.parse makes of the body, less what it need not make. */
function parseValue (body: Buffer, isAllAscii: boolean, large: ReturnType<typeof argumentsIn>): { readonly value: unknown } | undefined {
  if (large === undefined) return parseText(body.toString(isAllAscii ? 'latin1' : 'utf8'))
  if (!isJson(body, large.start, large.end)) return undefined
  const parsed = parseText(hollowText(body, 0, body.length, [large]))
  if (parsed === undefined) return undefined
  // The scan has seen params with such a member, once.
  const { params } = parsed.value as { readonly params: JsonObject }
  setRaw(params, { key: large.key, bytes: body.subarray(large.start, large.end), owner: ownerOf(body), said: large.said })
  return parsed
}

/**
 * Turns the bytes of a POST into classified messages: strict UTF-8, one scan for bounds and disguises, JSON.parse once,
 * one classification (JSON-RPC 2.0; T30, T33, T34, T36). Large `params.arguments` stay bytes (see `setRaw`). Never throws. A single message is always well-formed; in a
 * batch each element stands for itself and may be `invalid`, but what the scan refuses, it refuses for the whole body.
 */
export function parseBody (body: Buffer): Result<ParsedBody, BodyRefusal> {
  const ascii = isAscii(body)
  if (!ascii && !isUtf8(body)) return parseRefusal('not UTF-8')
  const scan = scanBody(body)
  if (scan.fault !== undefined) return refuse({ code: faultCodes[scan.fault.kind], reason: scan.fault.reason, id: scannedId(body, scan) })
  const isSpliceable = scan.oneLine && (ascii || !holdsLineEnd(body))
  const ranges = scan.messages[0]
  const parsed = parseValue(body, ascii, scan.batch || !isSpliceable ? undefined : argumentsIn(body, ranges))
  if (parsed === undefined) return parseRefusal('not JSON')
  const { value } = parsed
  if (Array.isArray(value)) return parseBatch(value, body, scan.messages)
  if (ranges === undefined) return refuse({ code: 'GW_PROTOCOL_SHAPE', reason: 'a message must be an object', id: null })
  return parseSingle(value, body, ranges, isSpliceable)
}

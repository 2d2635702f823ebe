import { ERRORS, GatewayError } from '../shared/errors.ts'
import type { Era } from '../shared/era.ts'
import { isJsonObject, isModernVersion, LATEST_LEGACY, ownCodeOf, withModernMeta, type JsonObject, type JsonRpcErrorBody } from '../protocol/index.ts'
import { initializeResultOf, isDiscoverResult, namesServedRevision } from './discover-result.ts'
import type { ConnectionPeer } from './types.ts'
import type { WireConnection } from './wire-connection.ts'

/** How one server is to be greeted. */
export interface HandshakePlan {
  /** Tried first. */
  readonly first: Era
  /** May the other era be tried? Not when the entry pins one, nor for what was tried on another process already. */
  readonly mayTryOther: boolean
  /** How long a server may take to answer server/discover before it counts as one that does not know it. */
  readonly probeMs: number
  /** How long it may take to answer what is expected of it. */
  readonly answerMs: number
  readonly peer: ConnectionPeer
  /** Declared in initialize. */
  readonly capabilities: JsonObject
  readonly clientInfo: JsonObject
}

/**
 * How a handshake ended, if not by a throw. `spent`: the server ended or fell silent on server/discover, as some legacy ones
 * do before initialize; this process is of no use any more, a fresh one may be.
 */
export type HandshakeOutcome = { readonly era: Era, readonly lacks?: Era } | 'spent'

type Discovered = { readonly kind: 'modern', readonly result: JsonObject } | { readonly kind: 'refused', readonly error: JsonRpcErrorBody } | { readonly kind: 'ended' | 'silent' }

/** Codes with which servers refuse a method or the params of one: initialize, when they only speak modern revisions. */
const REFUSALS = [-32601, -32602, ERRORS.GW_PROTOCOL_UNSUPPORTED.rpcCode]

/**
 * Greets the server and settles the era (MCP 2026-07-28 stdio and versioning, backwards compatibility): a refused discover
 * is followed by initialize and, of servers that seem to be modern only, the other way round, on the same process.
 * @throws GatewayError GW_UPSTREAM_START when the server refuses, ends or is late; the caller ends it then
 */
export async function shakeHands (connection: WireConnection, plan: HandshakePlan): Promise<HandshakeOutcome> {
  if (plan.first === 'legacy') return await initializeFirst(connection, plan)
  const discovered = await discover(connection, plan, plan.mayTryOther ? plan.probeMs : plan.answerMs)
  if (discovered.kind === 'modern') return settleModern(connection, plan, discovered.result)
  if (!plan.mayTryOther) throw startError(`server/discover ${asText(discovered)}, and the entry allows the modern era only`)
  if (discovered.kind !== 'refused') return 'spent'
  const refusal = await initialize(connection, plan)
  if (refusal !== undefined) throw startError(`server/discover ${asText(discovered)}, and initialize failed: ${refusal.code}`)
  return { era: 'legacy', lacks: 'modern' }
}

async function initializeFirst (connection: WireConnection, plan: HandshakePlan): Promise<HandshakeOutcome> {
  const refusal = await initialize(connection, plan)
  if (refusal === undefined) return { era: 'legacy' }
  const reason = `initialize failed: ${refusal.code}`
  if (!seemsModernOnly(refusal)) throw startError(reason)
  if (!plan.mayTryOther) throw startError(`${reason}; the server seems to speak modern revisions only`)
  const discovered = await discover(connection, plan, plan.probeMs)
  if (discovered.kind !== 'modern') throw startError(`${reason}, and server/discover ${asText(discovered)}`)
  return { ...settleModern(connection, plan, discovered.result), lacks: 'legacy' }
}

/** Undefined: done. @throws GatewayError GW_UPSTREAM_START when the server ends, is late, or answers nothing that is an answer */
async function initialize (connection: WireConnection, plan: HandshakePlan): Promise<JsonRpcErrorBody | undefined> {
  const { peer, capabilities, clientInfo, answerMs } = plan
  connection.speak('legacy', peer)
  const { result, error } = await connection.ask('initialize', { protocolVersion: LATEST_LEGACY, capabilities, clientInfo }, answerMs)
  if (error !== undefined) {
    if (!connection.open || isDeadline(error)) throw startError(`initialize failed: ${error.code}`)
    return error
  }
  if (!isJsonObject(result)) throw startError('initialize was answered without a result')
  connection.settle(result)
  connection.notify('notifications/initialized')
  return undefined
}

async function discover (connection: WireConnection, plan: HandshakePlan, timeoutMs: number): Promise<Discovered> {
  const first = await discoverOnce(connection, plan, timeoutMs)
  // A modern server that names a revision of ours only now: ask again, once.
  const again = first.kind === 'refused' && first.error.code === ERRORS.GW_PROTOCOL_UNSUPPORTED.rpcCode &&
    isJsonObject(first.error.data) && namesServedRevision(first.error.data['supported'])
  return again ? await discoverOnce(connection, plan, timeoutMs) : first
}

async function discoverOnce (connection: WireConnection, plan: HandshakePlan, timeoutMs: number): Promise<Discovered> {
  const params = withModernMeta(undefined, { capabilities: {}, clientInfo: plan.clientInfo })
  const { result, error } = await connection.ask('server/discover', params, timeoutMs)
  if (!connection.open) return { kind: 'ended' }
  if (isDiscoverResult(result)) return { kind: 'modern', result }
  if (error === undefined) return { kind: 'refused', error: { code: 0, message: 'no DiscoverResult of a revision served here' } }
  return isDeadline(error) ? { kind: 'silent' } : { kind: 'refused', error }
}

function settleModern (connection: WireConnection, plan: HandshakePlan, discovered: JsonObject): { readonly era: Era } {
  connection.speak('modern', plan.peer)
  connection.settle(initializeResultOf(discovered, connection.server))
  return { era: 'modern' }
}

/** Modern-only servers should name their versions when they refuse initialize, and not all do. */
function seemsModernOnly (refusal: JsonRpcErrorBody): boolean {
  if (REFUSALS.includes(refusal.code)) return true
  const dates = JSON.stringify([refusal.message, refusal.data]).match(/\d{4}-\d{2}-\d{2}/g) ?? []
  return dates.some((date) => isModernVersion(date))
}

/** Our own deadline, whatever numbers the server uses. */
function isDeadline (error: JsonRpcErrorBody): boolean {
  return ownCodeOf(error) === 'GW_UPSTREAM_DEADLINE'
}

function asText (discovered: Exclude<Discovered, { kind: 'modern' }>): string {
  switch (discovered.kind) {
    case 'ended': return 'ended the server'
    case 'silent': return 'was not answered in time'
    case 'refused': return discovered.error.code === 0 ? 'was answered without a revision served here' : `failed: ${discovered.error.code}`
  }
}

function startError (reason: string): GatewayError {
  return new GatewayError('GW_UPSTREAM_START', { reason })
}

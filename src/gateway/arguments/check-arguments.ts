import type { Relay, ToolChecks } from '../../bridge/index.ts'
import { isJsonObject, membersIn, membersSaid, rawMember, saysTwice } from '../../protocol/index.ts'
import type { ArgumentCheck } from '../../schemas/index.ts'
import { readJson } from '../../shared/read-json.ts'
import type { Principal } from '../../shared/principal.ts'
import type { GatewayContext } from '../context.ts'
import type { FeatureUse } from '../use.ts'
import { faultOf, mismatchFault, REFERS_OUT, REPEATED, type ArgumentFault } from './argument-fault.ts'
import { learnTools, readToolsAnew } from './learn-tools.ts'

/** Arguments that stayed bytes are parsed here up to this size; parsing and checking larger ones would hold up others (FR35). */
const MAX_INLINE_BYTES = 65_536

type Found = ArgumentFault | undefined

/**
 * Holds a call's arguments to the tool's own schema (R13, rulings 4), after limits have let it in: what is answered here for
 * the server counts as a call, or nothing would bound how many wrong ones somebody sends.
 *
 * A call is let through by any list that was seen, and refused only by one of this very connection: where an older one would
 * refuse, it is read anew first. Undefined = the arguments may go; synchronous where the list is known and the schema simple.
 * @param relay of a server that is up
 * @param call has it ended? Its bytes are freed then, and must not be looked at any more
 */
export function argumentFault (context: GatewayContext, principal: Principal, use: FeatureUse, relay: Relay, call: { readonly done: boolean }): Found | Promise<Found> {
  if (use.method !== 'tools/call' || use.server.validateArguments === false) return undefined
  const { tools } = relay
  tools.checks ??= context.lists.known.tools(use.server, principal)
  const { checks } = tools
  if (checks === undefined) return learnTools(context, principal, relay, use.server).then(() => checkAnew(context, principal, use, relay, call))
  const check = checks.byName.get(use.name)
  if (check === undefined) return checks.isWhole && tools.isCurrent ? undefined : checkAnew(context, principal, use, relay, call)
  const found = held(use, check)
  if (found === undefined) return undefined
  if (found instanceof Promise) return found.then((late) => late === undefined ? undefined : confirmed(context, use, relay, checks, late, call))
  return confirmed(context, use, relay, checks, found, call)
}

/** A refusal by what this connection has said; otherwise its list is read first. */
function confirmed (context: GatewayContext, use: FeatureUse, relay: Relay, by: ToolChecks, fault: ArgumentFault, call: { readonly done: boolean }): Found | Promise<Found> {
  const { tools } = relay
  // Nothing of a list.
  if (fault.reason === 'repeated' || fault.reason === 'busy' || (tools.isCurrent && tools.checks === by)) return fault
  return readToolsAnew(context, relay, use.server).then(async (isRead) => {
    const check = relay.tools.checks?.byName.get(use.name)
    // A server that does not give its list any more is taken at its last word.
    if (!isRead || call.done) return fault
    return check === undefined ? undefined : await held(use, check)
  })
}

/** After something was learned: what is still not known lets the call through, and the server says what it thinks of it. */
async function checkAnew (context: GatewayContext, principal: Principal, use: FeatureUse, relay: Relay, call: { readonly done: boolean }): Promise<Found> {
  const { tools } = relay
  tools.checks ??= context.lists.known.tools(use.server, principal)
  const known = tools.checks?.byName.get(use.name)
  if (tools.checks !== undefined && known === undefined && !tools.isCurrent) await readToolsAnew(context, relay, use.server)
  const { checks } = tools
  const check = checks?.byName.get(use.name)
  if (checks === undefined || check === undefined || call.done) return undefined
  const found = await held(use, check)
  return found === undefined ? undefined : await confirmed(context, use, relay, checks, found, call)
}

function held (use: FeatureUse, check: ArgumentCheck): Found | Promise<Found> {
  const { params = {}, name } = use
  const bytes = rawMember(params, 'arguments')
  if (bytes !== undefined) return heldBytes(name, check, bytes, membersSaid(params, 'arguments') ?? 0)
  const given = params['arguments']
  const args = isJsonObject(given) ? given : {}
  if (saysTwice(args)) return REPEATED
  return heldValue(name, check, args)
}

function heldValue (tool: string, check: ArgumentCheck, value: unknown): Found | Promise<Found> {
  const found = check.run(value)
  if (found === undefined) return undefined
  if (found === 'apart') return check.kind === 'refers out' ? REFERS_OUT : heldApart(tool, check, value)
  const given = withoutNulls(value)
  return given !== undefined && check.run(given) === undefined ? undefined : mismatchFault(tool, found)
}

async function heldApart (tool: string, check: ArgumentCheck, value: unknown): Promise<Found> {
  const verdict = await check.runApart(JSON.stringify(value))
  const given = verdict.kind === 'mismatch' ? withoutNulls(value) : undefined
  if (given !== undefined && (await check.runApart(JSON.stringify(given))).kind === 'fits') return undefined
  return faultOf(tool, verdict)
}

/**
 * Clients write null for what they leave out, and the header of a mirrored argument is left out for null too (MCP 2026-07-28
 * transports): an argument that may be absent may be null. Undefined = none of them is.
 */
function withoutNulls (value: unknown): object | undefined {
  if (!isJsonObject(value)) return undefined
  const given = Object.entries(value).filter(([, member]) => member !== null)
  return given.length === Object.keys(value).length ? undefined : Object.fromEntries(given)
}

/** They stay bytes: what is parsed here is looked at and let go, and what was looked at is what is sent, or a member is said twice (T34). */
function heldBytes (tool: string, check: ArgumentCheck, bytes: Buffer, said: number): Found | Promise<Found> {
  if (check.kind === 'refers out') return REFERS_OUT
  // A copy: the memory may be somebody else's when its turn comes.
  if (bytes.length > MAX_INLINE_BYTES || check.kind !== 'inline') return check.runApart(new Uint8Array(bytes), said).then((verdict) => faultOf(tool, verdict))
  const value = readJson(bytes.toString())
  return membersIn(value) === said ? heldValue(tool, check, value) : REPEATED
}

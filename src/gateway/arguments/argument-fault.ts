import { errorReply, type Reply } from '../../protocol/index.ts'
import type { Mismatch, Verdict } from '../../schemas/index.ts'

/** Why a call's arguments are not sent; a closed set, also of the metric's labels. */
export type FaultReason = 'mismatch' | 'repeated' | 'late' | 'busy' | 'refers_out'

/** Arguments that may not reach the tool. */
export interface ArgumentFault { readonly reason: FaultReason, readonly reply: Reply }

/**
 * As the tool itself would say it, so that a model can put it right (MCP 2025-11-25 tools, SEP-1303): the place and what was
 * expected there.
 */
export function mismatchFault (tool: string, { path, expected }: Mismatch): ArgumentFault {
  const place = ['arguments', ...path].map((part) => shortened(part, 100)).join('.')
  return { reason: 'mismatch', reply: toolError(`Invalid arguments for tool ${JSON.stringify(shortened(tool, 100))}: ${shortened(place, 500)}: expected ${shortened(expected, 1000)}.`) }
}

/** What a check in a thread came to; undefined = the arguments may go. */
export function faultOf (tool: string, verdict: Verdict): ArgumentFault | undefined {
  switch (verdict.kind) {
    case 'fits':
    case 'unreadable': return undefined
    case 'mismatch': return mismatchFault(tool, verdict.mismatch)
    case 'repeated': return REPEATED
    case 'late': return LATE
    case 'busy': return BUSY
  }
}

/** A member twice: the server might read the other one (rulings 4, T34). */
export const REPEATED: ArgumentFault = { reason: 'repeated', reply: errorReply('GW_PROTOCOL_PARAMS', { publicMessage: 'Invalid params: "arguments" must not say a member twice' }) }

/** Whoever chose the arguments might have wanted the check to be late, so it counts against them (T37). */
const LATE: ArgumentFault = { reason: 'late', reply: toolError('The arguments could not be held to the schema of the tool in time. Send simpler ones.') }

const BUSY: ArgumentFault = { reason: 'busy', reply: errorReply('GW_OVERLOADED') }

/** MCP forbids to fetch it, and nobody can say what it would allow (T37). */
export const REFERS_OUT: ArgumentFault = { reason: 'refers_out', reply: toolError('This tool cannot be called here: its input schema refers to another document, and none is ever fetched.') }

function toolError (text: string): Reply {
  return { result: { content: [{ type: 'text', text }], isError: true } }
}

function shortened (text: string, chars: number): string {
  return text.length > chars ? `${text.slice(0, chars)}…` : text
}

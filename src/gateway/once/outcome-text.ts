import { errorReply, ownCodeOf, type Reply } from '../../protocol/index.ts'
import { ERRORS, type ErrorCode } from '../../shared/errors.ts'

/** A reply as the store keeps it. `own` is the row of an error that the gateway made itself; beside a server's there is none, whatever is in it. */
interface KeptOutcome { readonly result?: unknown, readonly error?: Reply['error'], readonly own?: string }

/**
 * A reply as text: what it is to be again for the next caller under the same key (FR42). Never throws: what a server has nested
 * deeper than JSON.stringify has stack for is an error to its first caller, and to the next one the same (T39).
 */
export function outcomeText (reply: Reply): string {
  try {
    return textOf(reply)
  } catch {
    return textOf(errorReply('GW_UPSTREAM_PROTOCOL'))
  }
}

function textOf (reply: Reply): string {
  const { error } = reply
  return JSON.stringify(error === undefined ? { result: reply.result } : { error, own: ownCodeOf(error) })
}

/** The reply in such a text: the gateway's own errors are that again, and servers' are not. */
export function outcomeReply (text: string): Reply {
  const { result, error, own } = JSON.parse(text) as KeptOutcome
  if (error === undefined) return { result }
  if (own === undefined || !Object.hasOwn(ERRORS, own)) return { error }
  const { message, data } = error
  return errorReply(own as ErrorCode, { publicMessage: message, ...(data === undefined ? undefined : { data: data as Readonly<Record<string, unknown>> }) })
}

import { errorReply, ownCodeOf, type Reply } from '../../protocol/index.ts'
import { ERRORS, type ErrorCode } from '../../shared/errors.ts'

/** A reply as the store keeps it. `own` is the row of an error that the gateway made itself; beside a server's there is none, whatever is in it. */
interface KeptOutcome { readonly result?: unknown, readonly error?: Reply['error'], readonly own?: string }

/** A reply as text: what it is to be again for the next caller under the same key (FR42). @throws what JSON.stringify throws */
export function outcomeText (reply: Reply): string {
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

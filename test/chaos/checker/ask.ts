import type { Exchange, JsonRpc } from '../../helpers/http-exchange.ts'
import { REPLICA_HEADER } from '../../helpers/replicas.ts'
import type { Fate, Operation } from './history.ts'

/** An answer later than this is none: a call's deadline, the longest freeze of a nemesis, and time to start again. */
export const PROMISE_MS = 13_000
/** How long is waited beyond that, so that an answer that is only late is told from none. */
const GRACE_MS = 4000

/** JSON-RPC codes that say that nothing was run. */
const NOT_RUN: ReadonlySet<number> = new Set([50_301, 42_901, -32_001, -32_000, -32_600, -32_602, -32_601])
/** HTTP statuses of refusals: what a proxy says of itself (502, 504) is not one. */
const REFUSED: ReadonlySet<number> = new Set([400, 404, 409, 421, 429, 503])
/** The worker, or whoever had it, was lost. */
const LOST_WORKER: ReadonlySet<string> = new Set(['50201', 'HTTP 404', '-32001'])
const NOTICE = /was started again/

/** Sends what `send` sends and notes how it ends. Never rejects. @param hasReply false: its status is all that comes back */
export async function ask (operation: Operation, nowMs: () => number, send: (id: string) => Promise<Exchange>, hasReply = true): Promise<JsonRpc | undefined> {
  let exchange: Exchange | undefined
  try {
    exchange = await inTime(send(operation.nonce))
    const answer = exchange
    operation.replica = String(answer.headers[REPLICA_HEADER] ?? '')
    const reply = answer.status === 200 && hasReply ? await answer.next('the reply', ({ id, method }) => id === operation.nonce && method === undefined, PROMISE_MS + GRACE_MS) : undefined
    if (reply === undefined) await inTime(answer.ended)
    const isMissing = hasReply && reply === undefined && answer.status < 300
    const { fate, detail } = isMissing ? { fate: 'lost' as const, detail: `HTTP ${answer.status} without a reply` } : fateOf(answer.status, reply)
    const isNoticed = answer.status === 200 && answer.messages().some(({ method, params }) => method === 'notifications/message' && NOTICE.test(String(params?.['data'])))
    const content = reply?.result?.['content'] as ReadonlyArray<{ readonly text?: string }> | undefined
    end(operation, nowMs, fate, detail, content?.[0]?.text)
    if (isNoticed || LOST_WORKER.has(detail)) operation.isLossDeclared = true
    return reply
  } catch (error) {
    exchange?.cut()
    end(operation, nowMs, 'lost', (error as NodeJS.ErrnoException).code ?? String(error).slice(0, 80))
    return undefined
  }
}

function end (operation: Operation, nowMs: () => number, fate: Fate, detail: string, text?: string): void {
  operation.endedMs = nowMs()
  operation.fate = fate
  operation.detail = detail
  if (text !== undefined) operation.text = text
}

function fateOf (status: number, reply: JsonRpc | undefined): { readonly fate: Fate, readonly detail: string } {
  if (status !== 200 && status !== 202 && status !== 204) return { fate: REFUSED.has(status) ? 'clean' : 'unknown', detail: `HTTP ${status}` }
  if (reply?.error === undefined) return { fate: 'ok', detail: '' }
  return { fate: NOT_RUN.has(reply.error.code) ? 'clean' : 'unknown', detail: `${reply.error.code}` }
}

async function inTime<T> (promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => { reject(new Error('no answer')) }, PROMISE_MS + GRACE_MS)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

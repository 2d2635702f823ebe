/** A steady load of both eras and of plain calls through nginx over TLS, in which every single call is accounted for. */
import { Agent } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { createLegacyWire, responseOf } from '../helpers/legacy-wire.ts'
import { createModernWire, modernParams } from '../helpers/modern-wire.ts'
import { until } from '../helpers/until.ts'
import { exchange, wasKept } from '../helpers/http-exchange.ts'
import type { Exchange, JsonRpc } from '../helpers/http-exchange.ts'
import type { Stack, StackUser } from './types.ts'

/** From one call of a user to the next, in milliseconds: below what a user may do in a minute (100 calls). */
const EVERY_MS = 750
/** No answer for so long is a lost call, in milliseconds. */
const DEADLINE_MS = 30_000
/** Before a client that was refused a session or a stream asks again, in milliseconds. */
const RETRY_MS = 200
/** As many connections as the load keeps: a reload may have ended every one of them while this process was busy. */
const KEPT_CONNECTIONS = 40
/** Codes of JSON-RPC errors that say that nothing was run. */
const NOT_RUN: ReadonlySet<number> = new Set([50_301, -32_001])
/** Of all calls: more were not served well, however cleanly they were refused. A hand-over of all users at once refused 8 % on a busy machine. */
const MOST_REFUSED = 0.15

/** What became of a call: answered; refused, so that nothing was run and a client tries again; or anything else. */
export type Fate = 'ok' | 'refused' | 'lost'

export interface SteadyLoad {
  readonly calls: ReadonlyArray<{ readonly kind: Kind, readonly fate: Fate, readonly replica: string, readonly ms: number, readonly detail: string }>
  /** How often the event stream ended, and a client opened it again. */
  readonly streamsReopened: number
  /** Begins nothing more, waits for what is under way, and says it in a line. @throws when a call was lost, many were refused, or the stream does not come back */
  stop (): Promise<string>
}

type Kind = 'session' | 'modern' | 'plain'

/** One call of one kind, with this text to be said back; resolves with the answer. */
type Caller = (text: string) => Promise<{ readonly answer: Exchange, readonly said: string | undefined, readonly code: number | undefined }>

/** Begins at once: sessions of four users, single requests of three, plain calls of two, and an open event stream of one more. */
export function startSteadyLoad (stack: Stack): SteadyLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: KEPT_CONNECTIONS })
  const calls: Array<SteadyLoad['calls'][number]> = []
  const over = new AbortController()
  const resends = { count: 0 }
  const url = `${stack.url}/servers/everything`
  const callers: ReadonlyArray<readonly [Kind, Caller]> = stack.users.slice(0, 9).map((user, at) => at < 4
    ? ['session', bySession(url, user, agent, resends)]
    : at < 7 ? ['modern', byRequest(url, user, agent, resends)] : ['plain', plainly(url, user, agent, resends)])
  const stream = watchStream(url, stack.users[9] as StackUser, agent, resends, over.signal)
  const running = callers.map(async ([kind, call], at) => {
    await pause(EVERY_MS * at / callers.length)
    const underWay: Array<Promise<void>> = []
    for (let turn = 0; !over.signal.aborted; turn++) {
      underWay.push(accounted(kind, call, `${at}.${turn}`).then((entry) => { calls.push(entry) }))
      await pause(EVERY_MS)
    }
    await Promise.all(underWay)
  })
  return {
    calls,
    get streamsReopened () { return stream.reopened },
    stop: async () => {
      await until('the event stream is open', () => stream.isOpen, DEADLINE_MS).finally(() => { over.abort() })
      await Promise.all(running)
      await stream.ended
      agent.destroy()
      return summary(calls, stream.reopened, resends.count)
    }
  }
}

async function accounted (kind: Kind, call: Caller, text: string): Promise<SteadyLoad['calls'][number]> {
  const beginMs = performance.now()
  const ended = (fate: Fate, replica: string, detail: string): SteadyLoad['calls'][number] => ({ kind, fate, replica, detail, ms: performance.now() - beginMs })
  try {
    const { answer, said, code } = await call(text)
    const replica = String(answer.headers['x-drawbridge-replica'] ?? '')
    if (said === `Echo: ${text}`) return ended('ok', replica, '')
    // Only a session can be gone, and only a gateway knows that nothing was run.
    const isRefused = (replica !== '' && (answer.status === 503 || (answer.status === 404 && kind === 'session'))) || (code !== undefined && NOT_RUN.has(code))
    return ended(isRefused ? 'refused' : 'lost', replica, `${answer.status}: ${answer.body().slice(0, 300)}`)
  } catch (error) {
    return ended('lost', '', String(error))
  }
}

/** How often a request was sent again. */
interface Resends { count: number }

/**
 * A reload of nginx ends idle connections, which a client learns as it sends on one: what was reset before any answer, on a kept
 * connection and on no other, is sent again, as HTTP clients do (RFC 9112 9.3.1).
 */
async function sent (resends: Resends, post: () => Promise<Exchange>): Promise<Exchange> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await post()
    } catch (error) {
      if (attempt === KEPT_CONNECTIONS || !wasKept(error)) throw error
      resends.count++
    }
  }
}

function read (answer: Exchange, message: JsonRpc | undefined): Awaited<ReturnType<Caller>> {
  const content = message?.result?.['content'] as ReadonlyArray<{ readonly text?: string }> | undefined
  return { answer, said: content?.[0]?.text, code: message?.error?.code }
}

async function answerOf (answer: Exchange, id: string): Promise<Awaited<ReturnType<Caller>>> {
  if (answer.status !== 200) {
    await answer.ended
    return read(answer, undefined)
  }
  return read(answer, await responseOf(answer, id, DEADLINE_MS))
}

function byRequest (url: string, { key }: StackUser, agent: Agent, resends: Resends): Caller {
  const wire = createModernWire(`${url}/mcp`, { authorization: `Bearer ${key}` }, agent)
  return async (id) => await answerOf(await sent(resends, () => wire.post({ jsonrpc: '2.0', id, method: 'tools/call', params: modernParams({ name: 'echo', arguments: { message: id } }) })), id)
}

function bySession (url: string, { key }: StackUser, agent: Agent, resends: Resends): Caller {
  const wire = createLegacyWire(`${url}/mcp`, { authorization: `Bearer ${key}` }, agent)
  let opening: Promise<unknown> | undefined
  return async (id) => {
    if (wire.sessionId === undefined) await (opening ??= wire.open().finally(() => { opening = undefined }))
    const { sessionId } = wire
    const answer = await sent(resends, () => wire.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { message: id } } }))
    // As clients do: that session is gone, the next call begins another one.
    if (answer.status === 404 && wire.sessionId === sessionId) wire.sessionId = undefined
    return await answerOf(answer, id)
  }
}

function plainly (url: string, { key }: StackUser, agent: Agent, resends: Resends): Caller {
  return async (text) => {
    const answer = await sent(resends, () => exchange(`${url}/tools`, { agent, headers: { authorization: `Bearer ${key}` }, body: { tool_name: 'echo', arguments: { message: text } } }))
    await answer.ended
    const { result } = JSON.parse(answer.body() || '{}') as { readonly result?: Record<string, unknown> }
    return read(answer, result === undefined ? undefined : { result })
  }
}

/** A session's stream is opened again whenever it ends, and the session when it is gone, as clients do. */
function watchStream (url: string, { key }: StackUser, agent: Agent, resends: Resends, over: AbortSignal): { readonly isOpen: boolean, readonly reopened: number, readonly ended: Promise<void> } {
  const state = { reopened: -1, isOpen: false }
  const watch = async (): Promise<void> => {
    while (!over.aborted) {
      const wire = createLegacyWire(`${url}/mcp`, { authorization: `Bearer ${key}` }, agent)
      // Refused for the moment, as calls are; that it never opens is seen by `stop`.
      await wire.open().catch(() => pause(RETRY_MS))
      while (wire.sessionId !== undefined && !over.aborted) {
        const stream = await sent(resends, () => wire.listen())
        if (!stream.isSse) {
          await pause(RETRY_MS)
          break
        }
        state.reopened++
        state.isOpen = true
        const cut = (): void => { stream.cut() }
        over.addEventListener('abort', cut)
        await stream.ended
        state.isOpen = false
        over.removeEventListener('abort', cut)
      }
    }
  }
  const ended = watch()
  // Told by `stop`, not by the end of this process.
  ended.catch(() => undefined)
  return { get isOpen () { return state.isOpen }, get reopened () { return state.reopened }, ended }
}

/** @throws when a call was lost, or too many were refused */
function summary (calls: SteadyLoad['calls'], reopened: number, resent: number): string {
  const count = (fate: Fate): number => calls.filter((call) => call.fate === fate).length
  const lost = calls.filter(({ fate }) => fate === 'lost')
  if (lost.length > 0) throw new Error(`${lost.length} of ${calls.length} calls were lost: ${lost.slice(0, 5).map(({ kind, replica, detail, ms }) => `${kind} ${replica} ${detail} (${ms.toFixed(0)} ms)`).join('\n')}`)
  if (count('refused') > calls.length * MOST_REFUSED || count('ok') === 0) throw new Error(`${count('refused')} of ${calls.length} calls were refused`)
  const tookMs = calls.map(({ ms }) => ms).sort((a, b) => a - b)
  return `${calls.length} calls: ${count('ok')} ok, ${count('refused')} refused cleanly, 0 lost, ${resent} sent again on another connection, p99 ${tookMs[Math.floor(tookMs.length * 0.99)]?.toFixed(0)} ms; event stream opened again ${reopened} times`
}

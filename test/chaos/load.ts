/** A steady load of both eras over any way to the gateway, whose every call is accounted for. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { wasKept } from '../helpers/http-exchange.ts'
import type { Exchange, JsonRpc } from '../helpers/http-exchange.ts'
import { responseOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { modernParams, type ModernWire } from '../helpers/modern-wire.ts'
import type { LedgerCall, Outcome } from './ledger.ts'

/** Ways to the gateway for each user. */
export interface LoadTarget {
  wire (user: string, server: string): LegacyWire
  modern (user: string, server: string): ModernWire
}

export interface LoadOptions {
  readonly target: LoadTarget
  readonly server: string
  readonly legacyUsers: readonly string[]
  readonly modernUsers: readonly string[]
  /** From one call of a user to the next, in milliseconds; more are under way when calls take longer. Default 100. */
  readonly everyMs?: number
  /** How long calls take on the server: one of these, in turn. Default 5. */
  readonly callMs?: readonly number[]
  /** No answer for so long is a lost call. Default 10 000. */
  readonly deadlineMs?: number
  /**
   * Sends a call again, under the same nonce, when its kept connection was reset before any answer, as HTTP clients do when
   * a server has let go of an idle one: had it been run, the ledger would show it twice. Default false.
   */
  readonly resendsReset?: boolean
}

export interface Load {
  /** Calls that have ended, in that order. */
  readonly calls: readonly LedgerCall[]
  /** Sessions that were opened, first ones included. */
  readonly sessionsOpened: number
  /** Calls under way. */
  readonly inFlight: number
  /** Begins nothing more and waits for what is under way. */
  stop (): Promise<readonly LedgerCall[]>
}

/** JSON-RPC codes of answers that say that nothing was run; every other error may have been. */
const NOT_RUN: ReadonlySet<number> = new Set([50_301, 42_901, -32_001, -32_600])
/** HTTP statuses of refusals: what a proxy in front says of itself (502, 504) is not one. */
const REFUSED: ReadonlySet<number> = new Set([404, 409, 421, 429, 503])

/** A client has several kept connections, and all may have been let go of. */
const MAX_RESENDS = 4

/** Begins at once; users take turns, so that the calls are spread evenly. */
export function startLoad (options: LoadOptions): Load {
  const { everyMs = 100, legacyUsers, modernUsers } = options
  const calls: LedgerCall[] = []
  const state = { isOver: false, sessionsOpened: 0, inFlight: 0 }
  const users = [...legacyUsers.map((user) => ({ user, era: 'legacy' as const })), ...modernUsers.map((user) => ({ user, era: 'modern' as const }))]
  const running = users.map(async ({ user, era }, at) => {
    await pause(everyMs * at / users.length)
    await (era === 'legacy' ? runLegacy(user) : runModern(user))
  })

  async function runModern (user: string): Promise<void> {
    const wire = options.target.modern(user, options.server)
    await steadily(async (nonce, ms) => await accounted(user, 'modern', nonce, async (id) => {
      const answer = await sent(async () => await wire.post({ jsonrpc: '2.0', id, method: 'tools/call', params: modernParams({ name: 'work', arguments: { nonce, ms } }) }))
      return await read(answer, id)
    }))
    wire.close()
  }

  async function runLegacy (user: string): Promise<void> {
    const wire = options.target.wire(user, options.server)
    let opening: Promise<void> | undefined
    const ensureOpen = async (): Promise<void> => {
      if (wire.sessionId === undefined) opening ??= open(wire).finally(() => { opening = undefined })
      await opening
    }
    await steadily(async (nonce, ms) => {
      await ensureOpen()
      const { sessionId } = wire
      await accounted(user, 'legacy', nonce, async (id) => {
        const answer = await sent(async () => await wire.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'work', arguments: { nonce, ms } } }))
        // As clients do: the session is gone, the next call needs another one.
        if (answer.status === 404 && wire.sessionId === sessionId) wire.sessionId = undefined
        return await read(answer, id)
      })
    })
    wire.close()
  }

  async function sent (post: () => Promise<Exchange>): Promise<Exchange> {
    for (let resets = 0; ; resets++) {
      try {
        return await post()
      } catch (error) {
        if (options.resendsReset !== true || !wasKept(error) || resets === MAX_RESENDS) throw error
      }
    }
  }

  async function open (wire: LegacyWire): Promise<void> {
    while (!state.isOver) {
      try {
        await wire.open({ deadlineMs: 10_000 })
        state.sessionsOpened++
        return
      } catch {
        wire.sessionId = undefined
        await pause(100)
      }
    }
  }

  async function steadily (call: (nonce: string, ms: number) => Promise<void>): Promise<void> {
    const { callMs = [5] } = options
    const underWay: Array<Promise<void>> = []
    for (let turn = 0; !state.isOver; turn++) {
      underWay.push(call(randomBytes(9).toString('base64url'), callMs[turn % callMs.length] ?? 5))
      await pause(everyMs)
    }
    await Promise.all(underWay)
  }

  async function accounted (user: string, era: LedgerCall['era'], nonce: string, call: (id: string) => Promise<Read>): Promise<void> {
    if (state.isOver) return
    const startedMs = performance.now()
    state.inFlight++
    const { outcome, detail } = await judged(call(nonce), nonce, user, options.deadlineMs ?? 10_000)
    state.inFlight--
    calls.push({ nonce, user, era, startedMs, endedMs: performance.now(), outcome, detail })
  }

  return {
    calls,
    get sessionsOpened () { return state.sessionsOpened },
    get inFlight () { return state.inFlight },
    stop: async () => {
      state.isOver = true
      await Promise.all(running)
      return calls
    }
  }
}

/** The first ok call that was begun after `sinceMs`, as milliseconds after it; Infinity = there is none. */
export function recoveredMs (calls: readonly LedgerCall[], sinceMs: number): number {
  const first = calls.filter(({ outcome, startedMs }) => outcome === 'ok' && startedMs >= sinceMs)
  return Math.min(...first.map(({ endedMs }) => endedMs - sinceMs))
}

interface Read { readonly status: number, readonly message: JsonRpc | undefined, readonly way: 'complete' | 'cut' }

async function read (answer: Exchange, id: string): Promise<Read> {
  // A page of the proxy's own.
  const isMcp = answer.isSse || answer.headers['content-type']?.startsWith('application/json') === true
  const message = isMcp ? await responseOf(answer, id).catch(() => undefined) : undefined
  if (message !== undefined) return { status: answer.status, message, way: 'complete' }
  const way = await answer.ended
  return { status: answer.status, message: errorIn(answer), way }
}

/** Refusals outside of JSON-RPC carry no id. */
function errorIn (answer: Exchange): JsonRpc | undefined {
  try {
    return answer.messages().find(({ error }) => error !== undefined)
  } catch {
    return undefined
  }
}

async function judged (call: Promise<Read>, nonce: string, user: string, deadlineMs: number): Promise<{ outcome: Outcome, detail: string }> {
  const giveUp = new AbortController()
  const late = pause(deadlineMs, 'late' as const, { signal: giveUp.signal }).catch(() => 'late' as const)
  const seen = await Promise.race([call.catch((error: NodeJS.ErrnoException) => error), late])
  giveUp.abort()
  if (seen === 'late') return { outcome: 'lost', detail: 'no answer' }
  if (seen instanceof Error) return { outcome: 'lost', detail: seen.code ?? seen.message }
  const { status, message, way } = seen
  if (status === 200) {
    if (message?.result !== undefined) return rightAnswer(message, nonce, user)
    if (message?.error !== undefined) return { outcome: NOT_RUN.has(message.error.code) ? 'clean' : 'unknown', detail: `${message.error.code}` }
    return { outcome: 'lost', detail: `${way} without an answer` }
  }
  return { outcome: REFUSED.has(status) ? 'clean' : 'unknown', detail: `HTTP ${status} ${message?.error?.code ?? 'of the proxy'}` }
}

function rightAnswer (message: JsonRpc, nonce: string, user: string): { outcome: Outcome, detail: string } {
  const [first] = message.result?.['content'] as ReadonlyArray<{ readonly text?: string }>
  // The worker was told its user's name with a digest behind it.
  const isOwn = first?.text?.startsWith(`${nonce} ${user}-`) === true
  return isOwn ? { outcome: 'ok', detail: '' } : { outcome: 'mix', detail: first?.text ?? JSON.stringify(message.result) }
}

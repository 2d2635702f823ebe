import { askJson, createOutbound } from '../../net/index.ts'
import type { Resolve } from '../../net/index.ts'
import type { PolicyHookSettings } from '../../shared/settings/policy-hook.ts'
import { questionText } from './question.ts'
import type { Question } from './question.ts'

/** What was decided. `away`: nothing could be, and the operator wants that to mean no. */
export type Answer =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied', readonly message: string | undefined }
  | { readonly kind: 'away' }

/** A decision point of the operator's own, asked over HTTP about calls that everything else allows. */
export interface DecisionPoint {
  /** Does it want to be told the arguments? */
  readonly wantsArguments: boolean
  /** Never rejects; ends within `timeoutMs`. */
  ask (question: Question): Promise<Answer>
  /** Questions under way are `away`. */
  close (): void
}

/** What is told of each question. Must not throw. */
export interface DecisionEvents {
  /** @param reason why it is away, for the log; absent otherwise */
  decided (outcome: Answer['kind'], durationMs: number, reason?: string): void
}

/** What a decision point needs besides its settings. */
export interface DecisionParts {
  /** Monotonic. */
  readonly nowMs: () => number
  readonly events: DecisionEvents
  /** Name resolution; default the system's. */
  readonly resolve?: Resolve
}

/** So many questions without an answer, one after the other, and it is left alone for a while. */
const FAILURES = 5
/** For so long; then one question finds out. */
const PAUSE_MS = 1_000
/** Questions that wait for a connection at most, for each that may be under way; more are `away` at once. */
const WAITING_PER_CONNECTION = 16
/** A decision is a few bytes; a body beyond this is none. */
const MAX_ANSWER_BYTES = 65_536
/** Longest message that is shown to a caller. */
const MAX_MESSAGE_CHARS = 500

/** @throws OutboundError for a URL that may never be called; config/ has refused it before */
export function createDecisionPoint (settings: PolicyHookSettings, parts: DecisionParts): DecisionPoint {
  return new HttpDecisionPoint(settings, parts)
}

class HttpDecisionPoint implements DecisionPoint {
  readonly #settings: PolicyHookSettings
  readonly #parts: DecisionParts
  readonly #outbound: ReturnType<typeof createOutbound>
  readonly #head: ReturnType<ReturnType<typeof createOutbound>['head']>
  #underway = 0
  #failures = 0
  #pausedUntilMs = 0

  constructor (settings: PolicyHookSettings, parts: DecisionParts) {
    const { url, allowPrivateNetwork, maxConcurrent, tls, headers } = settings
    this.#settings = settings
    this.#parts = parts
    this.#outbound = createOutbound({ url, allowPrivateNetwork, maxConnections: maxConcurrent, ...(tls === undefined ? {} : { tls }) }, parts.resolve)
    this.#head = this.#outbound.head('POST', ['content-type', 'application/json', 'accept', 'application/json', 'accept-encoding', 'identity', 'user-agent', 'drawbridge', ...Object.entries(headers).flat()])
  }

  get wantsArguments (): boolean { return this.#settings.sendArguments }

  async ask (question: Question): Promise<Answer> {
    const { nowMs, events } = this.#parts
    const startedMs = nowMs()
    if (this.#isPaused(startedMs)) return this.#away(startedMs, 'it has not answered the last questions')
    if (this.#underway >= this.#settings.maxConcurrent * (1 + WAITING_PER_CONNECTION)) return this.#away(startedMs, 'too many questions are under way')
    this.#underway++
    try {
      const answer = readAnswer(await this.#answerTo(questionText(question)))
      this.#failures = 0
      events.decided(answer.kind, nowMs() - startedMs)
      return answer
    } catch (thrown) {
      this.#failed()
      return this.#away(startedMs, thrown instanceof Error ? thrown.message : String(thrown))
    } finally {
      this.#underway--
    }
  }

  async #answerTo (body: string): Promise<unknown> {
    const { timeoutMs } = this.#settings
    const late = new AbortController()
    const timer = setTimeout(() => { late.abort(new Error(`no answer within ${timeoutMs} ms`)) }, timeoutMs)
    try {
      return await askJson(this.#outbound, { head: this.#head, body, maxBytes: MAX_ANSWER_BYTES, signal: late.signal })
    } finally {
      clearTimeout(timer)
    }
  }

  /** The first one after a pause goes through, and the others wait for what comes of it by the next pause. */
  #isPaused (nowMs: number): boolean {
    if (this.#failures < FAILURES) return false
    if (nowMs < this.#pausedUntilMs) return true
    this.#pausedUntilMs = nowMs + PAUSE_MS
    return false
  }

  #failed (): void {
    this.#failures++
    if (this.#failures === FAILURES) this.#pausedUntilMs = this.#parts.nowMs() + PAUSE_MS
  }

  #away (startedMs: number, reason: string): Answer {
    this.#parts.events.decided('away', this.#parts.nowMs() - startedMs, reason)
    return { kind: this.#settings.whenAway === 'allow' ? 'allowed' : 'away' }
  }

  close (): void { this.#outbound.destroy() }
}

/** @throws Error for anything but a decision: nobody guesses what was meant */
function readAnswer (json: unknown): Answer {
  const { allow, message } = (typeof json === 'object' && json !== null ? json : {}) as { readonly allow?: unknown, readonly message?: unknown }
  if (allow === true) return { kind: 'allowed' }
  if (allow !== false) throw new Error('the answer has no "allow" that is true or false')
  return { kind: 'denied', message: typeof message === 'string' && message !== '' ? message.slice(0, MAX_MESSAGE_CHARS) : undefined }
}

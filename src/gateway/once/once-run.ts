import type { RelayedCall } from '../../bridge/index.ts'
import { errorReply, isJsonObject, ownCodeOf, type Reply } from '../../protocol/index.ts'
import type { OnceClaim, OnceStore } from '../../resilience/index.ts'
import { ERRORS, GatewayError } from '../../shared/errors.ts'
import type { NamedCall } from './once-key.ts'
import { outcomeReply, outcomeText } from './outcome-text.ts'

/** How a named call was met; a closed set, for its metric. */
export type OnceOutcome = 'first' | 'joined' | 'replayed' | 'conflict' | 'refused'

/** A claimer that has said nothing for so long after its latest deadline is taken for dead, in milliseconds. */
const GRACE_MS = 60_000

/** What a named call needs of the run that it is in. */
export interface OnceOwner {
  readonly store: OnceStore
  met (outcome: OnceOutcome): void
  /** To the server. */
  send (): void
  /** It was let in and is not sent. */
  refuse (error: GatewayError, hasStatus: boolean): void
  thrown (thrown: unknown): void
}

/** Runs a named call, waits for an equal one that is under way, or answers with what came of it (FR42). Policy and limits have let it in already. */
export class OnceRun {
  readonly #owner: OnceOwner
  readonly #named: NamedCall
  readonly #call: RelayedCall
  #ticket: string | undefined
  #timer: NodeJS.Timeout | undefined

  constructor (owner: OnceOwner, named: NamedCall, call: RelayedCall) {
    this.#owner = owner
    this.#named = named
    this.#call = call
  }

  start (): void {
    const { maxTimeoutMs } = this.#call
    const claim = this.#owner.store.claim(this.#named.id, this.#named.digest, maxTimeoutMs + GRACE_MS)
    if (claim instanceof Promise) claim.then((late) => { this.#go(late) }).catch(this.#owner.thrown)
    else this.#go(claim)
  }

  #go (claim: OnceClaim): void {
    const { id } = this.#named
    if (this.#call.done) {
      if (claim.kind === 'first') this.#owner.store.release(id, claim.ticket)
      return
    }
    switch (claim.kind) {
      case 'first':
        clearTimeout(this.#timer)
        this.#ticket = claim.ticket
        this.#owner.met('first')
        return this.#owner.send()
      case 'running': return this.#join(claim.ended)
      case 'done': return this.#replay(claim.outcome)
      case 'conflict': return this.#refuse('conflict', new GatewayError('GW_PROTOCOL_PARAMS', { publicMessage: 'Invalid params: this idempotency key was used for other arguments of this tool' }))
      case 'refused': return this.#refuse('refused', new GatewayError('GW_UPSTREAM_UNAVAILABLE', { publicMessage: 'Whether this call has run before cannot be found out right now. Try again shortly.', retryAfterS: 1 }))
    }
  }

  /** No longer than for an answer of its own. */
  #join (ended: Promise<void>): void {
    if (this.#timer === undefined) {
      this.#owner.met('joined')
      this.#timer = setTimeout(() => { this.#call.onReply(errorReply('GW_UPSTREAM_DEADLINE')) }, this.#call.timeoutMs)
    }
    ended.then(() => { if (!this.#call.done) this.start() }).catch(this.#owner.thrown)
  }

  #replay (outcome: string | undefined): void {
    if (this.#timer === undefined) this.#owner.met('replayed')
    // What it says is the end of it.
    this.#call.isHiddenTask = false
    this.#call.onReply(outcome === undefined ? tooLarge() : outcomeReply(outcome))
  }

  #refuse (outcome: OnceOutcome, error: GatewayError): void {
    clearTimeout(this.#timer)
    this.#owner.met(outcome)
    this.#owner.refuse(error, outcome === 'refused')
  }

  /** The call is over. What may have run is told from now on, whatever was told to this caller. */
  landed (reply: Reply): void {
    clearTimeout(this.#timer)
    const ticket = this.#ticket
    if (ticket === undefined) return
    this.#ticket = undefined
    if (!this.#call.wasSent || isNoRun(reply)) return this.#owner.store.release(this.#named.id, ticket)
    this.#owner.store.settle(this.#named.id, ticket, outcomeText(this.#call.cancelled === undefined ? reply : errorReply('GW_UPSTREAM_LOST')))
  }
}

function tooLarge (): Reply {
  return errorReply('GW_UPSTREAM_LOST', { publicMessage: 'This call has run before, under this idempotency key. Its result was too large to be kept.' })
}

/** The server was not there, did not want us, or wants to know something first. What it says itself of that is not believed. */
function isNoRun ({ error, result }: Reply): boolean {
  if (error !== undefined) {
    const own = ownCodeOf(error)
    return own !== undefined && (own === 'GW_UPSTREAM_AUTH' || ERRORS[own].rpcCode === ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode)
  }
  return isJsonObject(result) && result['resultType'] === 'input_required'
}

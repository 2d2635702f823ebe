import type { RelayedCall } from '../../bridge/index.ts'
import { errorReply, type Reply } from '../../protocol/index.ts'
import type { Principal } from '../../shared/principal.ts'
import type { Connection } from '../../upstream/index.ts'
import type { GatewayContext } from '../context.ts'
import type { FeatureUse, UseTarget } from '../use.ts'
import { markOf, resultPlanOf, type ResultPlan } from './result-plan.ts'
import type { Lead, Led } from './results.ts'

type ReusablePlan = ResultPlan & { readonly slots: NonNullable<ResultPlan['slots']> }

/**
 * The reuse of one call's result, where that is possible at all: a tool that the operator marked, a resource that may be given
 * a time. Undefined for every other call; its server must be up, and nothing of the call sent yet.
 */
export function reuseOf (context: GatewayContext, principal: Principal, use: FeatureUse, target: UseTarget, call: RelayedCall, connection: Connection): ResultReuse | undefined {
  const { server, method } = use
  const isPossible = method === 'tools/call' ? markOf(use) !== undefined : context.results.mayRead(server, target.relay, connection)
  if (!isPossible) return undefined
  const plan = resultPlanOf(principal, use, target, connection, call.params, call.capabilities)
  if (plan.slots !== undefined) return new ResultReuse(context, use, target, { ...plan, slots: plan.slots }, call, connection)
  context.events.cached(server.name, 'bypass')
  return undefined
}

/** Answers a call with what is kept, waits for an equal one that is under way, or sends it and keeps its result. Policy and limits have let it in already. */
export class ResultReuse {
  readonly #context: GatewayContext
  readonly #use: FeatureUse
  readonly #target: UseTarget
  readonly #plan: ReusablePlan
  readonly #call: RelayedCall
  readonly #connection: Connection
  #lead: Lead | undefined
  /** The server has not seen the call. */
  isAnswered = false

  constructor (context: GatewayContext, use: FeatureUse, target: UseTarget, plan: ReusablePlan, call: RelayedCall, connection: Connection) {
    this.#context = context
    this.#use = use
    this.#target = target
    this.#plan = plan
    this.#call = call
    this.#connection = connection
  }

  start (): void {
    const { results } = this.#context
    const { relay } = this.#target
    const found = results.find(this.#plan, relay, this.#use.server)
    if (found !== undefined) return this.#answer(found)
    const underway = results.underway(this.#plan.slots[0], this.#plan.isMarked, relay)
    if (underway !== undefined) this.#follow(underway)
    else this.#goFirst()
  }

  #answer (reply: Reply): void {
    this.isAnswered = true
    this.#context.events.cached(this.#use.server.name, 'hit')
    this.#call.onReply(reply)
  }

  /** Its deadline goes on while it waits. */
  #follow (underway: Promise<Led>): void {
    const call = this.#call
    const sinceMs = this.#context.nowMs()
    const timer = setTimeout(() => { call.onReply(errorReply('GW_UPSTREAM_DEADLINE')) }, call.timeoutMs)
    underway.then((led) => {
      clearTimeout(timer)
      if (call.done) return
      call.timeoutMs = Math.max(1, call.timeoutMs - (this.#context.nowMs() - sinceMs))
      if (led === 'cancelled') this.start()
      else if (led === 'own') this.#send()
      else this.#answer(led.kept)
    }).catch((thrown: unknown) => { this.#failed(thrown) })
  }

  /** Who comes meanwhile waits for this one, also while the other replicas are asked. */
  #goFirst (): void {
    const { results } = this.#context
    const { relay } = this.#target
    const lead = results.lead(this.#plan.slots[0], undefined, relay)
    this.#lead = lead
    const asking = results.findShared(this.#plan, relay, this.#use.server)
    if (asking === undefined) return this.#send()
    asking.then(({ reply, reading }) => {
      if (this.#call.done) return
      if (reply === undefined) {
        this.#lead = { ...lead, reading: { ...reading, atMs: this.#context.nowMs() } }
        return this.#send()
      }
      this.#lead = undefined
      lead.settle({ kept: reply })
      this.#answer(reply)
    }).catch((thrown: unknown) => { this.#failed(thrown) })
  }

  #send (): void {
    this.#context.events.cached(this.#use.server.name, 'miss')
    this.#call.send(this.#connection)
  }

  #failed (thrown: unknown): void {
    this.#context.events.thrown(thrown)
    this.#call.onReply(errorReply('GW_INTERNAL'))
  }

  /** The call has ended, however: lets those go on who wait for it, and keeps its result if it may be. Returns the reply for its own caller. */
  landed (reply: Reply): Reply {
    const lead = this.#lead
    if (lead === undefined) return reply
    this.#lead = undefined
    try {
      return this.#context.results.landed(lead, this.#plan, this.#target.relay, this.#connection, this.#call, reply)
    } catch (thrown) {
      // What cannot be written down again is its caller's all the same.
      this.#context.events.thrown(thrown)
      lead.settle('own')
      return reply
    }
  }
}

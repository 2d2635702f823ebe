import { ModernClient, type Relay, type RequestState, type Round, type StateSubject } from '../bridge/index.ts'
import { errorReply, EXTENSION, isJsonObject, toJsonRpcError, type JsonObject, type Reply } from '../protocol/index.ts'
import type { LimitDecision } from '../limits/index.ts'
import { GatewayError } from '../shared/errors.ts'
import { useFeature } from './call.ts'
import { continuedModern } from './continued.ts'
import type { FeatureUse, UseTarget } from './use.ts'
import type { GatewayContext } from './context.ts'
import { ruleRefusal } from './arguments/rule-refusal.ts'
import { featureOf } from './feature.ts'
import { learnFor } from './learn.ts'
import { limitError } from './refusals.ts'
import { taskUse } from './tasks.ts'
import type { ModernTurn } from './modern-turn.ts'

/** Methods whose requests may come back with answers (MCP 2026-07-28 multi round-trip requests). */
const ANSWERABLE: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

const nothing = (): void => undefined

/**
 * One use of a tool, prompt, resource or completion by a modern request, or a retry of one that brings answers: it continues
 * a call that waits here, or goes on to the modern server whose question it was.
 * @returns what to call when the client has gone
 */
export function useModern (context: GatewayContext, turn: ModernTurn): () => void {
  const { caller, request } = turn
  const letGo: Array<() => void> = []
  const learning = learnFor(context, caller.principal, turn.route, request.method, request.params, (server) => {
    const { relay, release } = context.links.borrow(caller.principal, server, turn.capabilities)
    letGo.push(release)
    return relay
  })
  if (learning === undefined) return useNamed(context, turn)
  return continuedModern(context, turn, learning, () => useNamed(context, turn), () => { for (const release of letGo) release() })
}

/** tasks/get, tasks/update and tasks/cancel of the tasks extension. */
export function useModernTask (context: GatewayContext, turn: ModernTurn): () => void {
  const { caller, route, request } = turn
  if (!declaresTasks(turn)) return refuse(turn, errorReply('GW_PROTOCOL_CAPABILITY', { data: { requiredCapabilities: { extensions: { [EXTENSION.tasks]: {} } } } }))
  const task = taskUse(context, caller.principal, route, request.method, request.params)
  return task.ok ? use(context, turn, task.value) : refuse(turn, task.error)
}

function declaresTasks ({ request }: ModernTurn): boolean {
  const { extensions } = request.meta.clientCapabilities
  return isJsonObject(extensions) && isJsonObject(extensions[EXTENSION.tasks])
}

function useNamed (context: GatewayContext, turn: ModernTurn): () => void {
  const { caller, route, request, exchange } = turn
  const { method, params, id } = request
  const isRetry = params['requestState'] !== undefined || params['inputResponses'] !== undefined
  const found = featureOf(context, caller.principal, route, method, withoutState(params, isRetry))
  if (!found.ok) return refuse(turn, found.error)
  if (!isRetry) return use(context, turn, found.value)
  const answers = params['inputResponses']
  if (!ANSWERABLE.has(method) || !(answers === undefined || isJsonObject(answers))) {
    exchange.finish(id, errorReply('GW_PROTOCOL_PARAMS', { publicMessage: 'Invalid params: "inputResponses" must be an object of results, and belongs to tools/call, prompts/get and resources/read' }))
    return nothing
  }
  const subject = subjectOf(turn)
  const state = params['requestState'] === undefined ? { kind: 'relayed', inner: undefined } as const : context.parks.states.open(subject, params['requestState'])
  if (state === undefined) return refuse(turn, errorReply('GW_PROTOCOL_STATE'))
  return goOn(context, turn, found.value, state, answers)
}

function refuse ({ request, exchange }: ModernTurn, reply: Reply): () => void {
  exchange.finish(request.id, reply.error?.code === -32002 ? { error: { ...reply.error, code: -32602 } } : reply)
  return nothing
}

function goOn (context: GatewayContext, turn: ModernTurn, feature: FeatureUse, state: RequestState, answers: JsonObject | undefined): () => void {
  switch (state.kind) {
    case 'parked': return resume(context, turn, feature, state, answers ?? {})
    // The pages were opened, or not: the server sees for itself.
    case 'reissue': return use(context, turn, feature)
    case 'relayed': return use(context, turn, feature, { answers, inner: state.inner })
  }
}

/** The call waits here: it gets its answers, if its caller may still use what it uses. */
function resume (context: GatewayContext, turn: ModernTurn, feature: FeatureUse, state: RequestState & { kind: 'parked' }, answers: JsonObject): () => void {
  const { caller: { principal }, request, exchange } = turn
  const { refusal, conditions } = context.policy.decision(principal, feature.server.name, feature.kind, feature.name)
  if (refusal !== undefined) {
    const error = new GatewayError(refusal.code, refusal.scopes === undefined ? {} : { scopes: refusal.scopes })
    if (refusal.code !== 'GW_AUTH_SCOPE') return refuse(turn, errorReply(refusal.code))
    exchange.refuse(error, request.id)
    return nothing
  }
  const unfit = conditions === undefined ? undefined : ruleRefusal(conditions, feature)
  if (unfit !== undefined) return refuse(turn, { error: toJsonRpcError(unfit) })
  const decision = context.limiter.request(principal)
  if (decision instanceof Promise) return continuedModern(context, turn, decision, (late) => resumeCounted(context, turn, state, answers, late))
  return resumeCounted(context, turn, state, answers, decision)
}

function resumeCounted (context: GatewayContext, turn: ModernTurn, state: RequestState & { kind: 'parked' }, answers: JsonObject, decision: LimitDecision): () => void {
  const { request, exchange } = turn
  if (!decision.admitted) {
    exchange.refuse(limitError(decision.refusal), request.id)
    return nothing
  }
  const client = context.parks.claim(state.park, state.round)
  if (client === undefined) return refuse(turn, errorReply('GW_PROTOCOL_STATE'))
  client.resume(roundOf(turn), answers)
  return () => client.disconnected(exchange)
}

interface Continuation { readonly answers: JsonObject | undefined, readonly inner: string | undefined }

type ModernTarget = UseTarget & { readonly client: ModernClient, readonly onSettled: () => void }

function use (context: GatewayContext, turn: ModernTurn, feature: FeatureUse, going?: Continuation): () => void {
  const { caller, request, exchange, capabilities } = turn
  const { relay, release } = context.links.borrow(caller.principal, feature.server, capabilities)
  const client = new ModernClient(subjectOf(turn), roundOf(turn), context.parks)
  const target = { relay, client, exchange: client, id: request.id, headers: request.headers, declaresTasks: declaresTasks(turn), onSettled: release }
  if (going === undefined) useFeature(context, caller, feature, target)
  else return continueWith(context, turn, feature, going, target)
  return () => client.disconnected(exchange)
}

/**
 * A modern server's question was answered: it gets the answers, and its own state byte by byte.
 * @returns what to call when the client has gone; before the answers are looked at, nothing has been sent
 */
function continueWith (context: GatewayContext, { caller, exchange, request }: ModernTurn, feature: FeatureUse, { answers, inner }: Continuation, target: ModernTarget): () => void {
  const { client, relay, onSettled } = target
  let gone = false
  context.work.enter()
  withAllowed(relay, answers).then((allowed) => {
    if (gone) {
      exchange.drop()
      return onSettled()
    }
    const params = { ...feature.params, ...allowed, ...(inner === undefined ? undefined : { requestState: inner }) }
    useFeature(context, caller, { ...feature, params }, target)
  }).catch((thrown: unknown) => {
    context.events.thrown(thrown)
    exchange.finish(request.id, errorReply('GW_INTERNAL'))
    onSettled()
  }).finally(() => context.work.leave()).catch(context.events.thrown)
  return () => {
    gone = true
    client.disconnected(exchange)
  }
}

/** A retry need not bring answers: a server may only want to be asked again. */
async function withAllowed (relay: Relay, answers: JsonObject | undefined): Promise<JsonObject> {
  return answers === undefined ? {} : { inputResponses: await relay.allowedAnswers(answers) }
}

function subjectOf ({ caller, route, request }: ModernTurn): StateSubject {
  return { principal: caller.principal, route, method: request.method, params: request.params }
}

function roundOf ({ request, capabilities, exchange }: ModernTurn): Round {
  const meta = request.params['_meta']
  const token = isJsonObject(meta) ? meta['progressToken'] : undefined
  return {
    exchange,
    id: request.id,
    capabilities,
    logLevel: request.meta.logLevel,
    progressToken: typeof token === 'string' || typeof token === 'number' ? token : undefined
  }
}

/** Answers and states are the gateway's to read first; what a server gets of them is decided there. */
function withoutState (params: JsonObject, isRetry: boolean): JsonObject {
  if (!isRetry) return params
  const { inputResponses: _answers, requestState: _state, ...original } = params
  return original
}

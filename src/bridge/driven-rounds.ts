import { randomUUID } from 'node:crypto'
import { errorReply, hasFeature, isJsonObject, isKnownRevision, type JsonObject, type Reply } from '../protocol/index.ts'
import type { Client } from '../session/index.ts'
import { clientUnderstands } from './client-capabilities.ts'
import { questionsIn, type Question } from './input-required.ts'
import type { NextRound, RelayedCall } from './relayed-call.ts'

/** Rounds of one call at most: a server that asks without end must end somewhere (protocol of the SDKs: the same). */
const MAX_ROUNDS = 8
/** Questions of one round at most. */
const MAX_ASKS = 32
/** Between two rounds without a question: the server only wants to be asked again. */
const STATE_ONLY_PAUSE_MS = 250

/** Puts one question of a server to a client; undefined = no answer. */
export type PutQuestion = (call: RelayedCall, method: string, params: JsonObject | undefined, signal: AbortSignal) => Promise<Reply | undefined>

/**
 * Drives the rounds of a modern server for a client of the session era: each question becomes a request on the stream of the
 * call, the answers go back with the same params and the byte-exact state. One per call.
 */
export class DrivenRounds {
  readonly #put: PutQuestion
  #rounds = 0

  constructor (put: PutQuestion) {
    this.#put = put
  }

  async next (call: RelayedCall, asked: JsonObject, signal: AbortSignal): Promise<NextRound> {
    const questions = questionsIn(asked['inputRequests'])
    const { requestState } = asked
    if (++this.#rounds > MAX_ROUNDS || questions === undefined || questions.length > MAX_ASKS || (questions.length === 0 && requestState === undefined)) {
      return { reply: errorReply('GW_UPSTREAM_PROTOCOL') }
    }
    const forbidden = questions.find(({ method, params }) => !mayBeAsked(call, method, params))
    if (forbidden !== undefined) return { reply: cannotAnswer(call, forbidden.method) }
    if (questions.length === 0) await pause(signal)
    const answers = await this.#answers(call, questions, signal)
    if ('reply' in answers) return answers
    const { inputResponses: _before, requestState: _old, ...original } = call.params ?? {}
    return {
      params: {
        ...original,
        ...(questions.length === 0 ? undefined : { inputResponses: answers.inputResponses }),
        ...(requestState === undefined ? undefined : { requestState })
      }
    }
  }

  async #answers (call: RelayedCall, questions: readonly Question[], signal: AbortSignal): Promise<{ readonly inputResponses: JsonObject } | { readonly reply: Reply }> {
    const replies = await Promise.all(questions.map(({ method, params }) => this.#put(call, method, asLegacyQuestion(call.client, method, params), signal)))
    const inputResponses: JsonObject = {}
    for (const [at, { key, method }] of questions.entries()) {
      const reply = replies[at]
      if (reply?.error === undefined && isJsonObject(reply?.result)) inputResponses[key] = reply.result
      // A bare result cannot say "rejected"; only elicitation has a word for it.
      else if (method === 'elicitation/create') inputResponses[key] = { action: 'cancel' }
      else return { reply: cannotAnswer(call, method) }
    }
    return { inputResponses }
  }
}

/** By what the server was told, and by what the client can really do: `capabilities: fixed` may promise more. */
function mayBeAsked ({ client, capabilities = {} }: RelayedCall, method: string, params: JsonObject | undefined): boolean {
  return client !== undefined && clientUnderstands(capabilities, method, params) && clientUnderstands(client.capabilities, method, params)
}

/** 2025-11-25 wants an id on url elicitations; the modern era has none, so it is made here. */
function asLegacyQuestion (client: Client | undefined, method: string, params: JsonObject | undefined): JsonObject | undefined {
  if (method !== 'elicitation/create' || params?.['mode'] !== 'url' || params['elicitationId'] !== undefined) return params
  const revision = client?.revision
  return isKnownRevision(revision) && hasFeature(revision, 'urlElicitation') ? { ...params, elicitationId: randomUUID() } : params
}

/** The call cannot go on: a tool says so in its own words, which models read; others by an error (C8: never a bare -32021). */
export function cannotAnswer (call: RelayedCall, method: string): Reply {
  const text = `The server needs ${WORDS[method] ?? 'something'} from the client, and this client cannot give it.`
  if (call.method !== 'tools/call') return { error: { code: -32603, message: text } }
  return { result: { content: [{ type: 'text', text }], isError: true } }
}

const WORDS: Readonly<Record<string, string>> = {
  'sampling/createMessage': 'sampling (capability "sampling")',
  'elicitation/create': 'an answer of the user (capability "elicitation")',
  'roots/list': 'the client\'s roots (capability "roots")'
}

function pause (signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, STATE_ONLY_PAUSE_MS)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })
}

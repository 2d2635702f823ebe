import { randomInt } from 'node:crypto'
import { requestText, withModernMeta } from '../../protocol/index.ts'
import { GatewayError } from '../../shared/errors.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import type { Worker } from '../../stdio-pool/index.ts'
import { clientInfo } from '../client-info.ts'
import { inTime } from '../in-time.ts'
import type { EraVerdicts } from '../types.ts'

/** Ids of the question: far from those that a connection mints. */
const MAX_ID = 2 ** 40

/**
 * Waits until a process that nobody has greeted answers a question without effect, at most as long as it may take to start.
 * @param onWord it wrote something after its answer
 * @throws GatewayError GW_UPSTREAM_START (the reason tells what it did), or the signal's reason
 */
export async function askAlive (worker: Worker, server: ServerSettings, verdicts: EraVerdicts, version: string, onWord: () => void, signal: AbortSignal): Promise<void> {
  const question = questionFor(server, verdicts, version)
  const late = (): GatewayError => refused(`does not answer ${question.method} before it is greeted`)
  await inTime(server.startTimeoutMs, signal, late, (either) => answered(worker, question, onWord, either))
}

interface Question { readonly method: string, readonly text: string, readonly id: number }

/** Modern servers have no ping: what they answer at any time is server/discover. A refusal shows life as well as a result does. */
function questionFor (server: ServerSettings, verdicts: EraVerdicts, version: string): Question {
  const id = randomInt(MAX_ID)
  const isModern = !verdicts.order(server, 'legacy').includes('legacy')
  const method = isModern ? 'server/discover' : 'ping'
  const params = isModern ? withModernMeta(undefined, { capabilities: {}, clientInfo: clientInfo(version) }) : undefined
  return { method, id, text: requestText(id, method, params) }
}

async function answered (worker: Worker, { id, method, text }: Question, onWord: () => void, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  let isAnswered = false
  const fail = (): void => reject(signal.reason)
  signal.addEventListener('abort', fail, { once: true })
  worker.onMessage = (message) => {
    if (isAnswered) return onWord()
    isAnswered = message['id'] === id && message['method'] === undefined && worker.noise === 0
    if (isAnswered) resolve(undefined)
    else reject(spoiled())
  }
  worker.exited.then(({ code, signal: by }) => reject(refused(`ends on ${method} before it is greeted, or by itself (${by ?? code ?? 'unknown'})`)), reject)
  worker.send(text)
  try {
    await promise
  } finally {
    signal.removeEventListener('abort', fail)
  }
}

/** It said what nobody had asked for: that would reach whoever is given the worker. */
export function spoiled (): GatewayError {
  return refused('writes to stdout before it is greeted')
}

/** A server that cannot have spares, by what it did. */
export function refused (what: string): GatewayError {
  return new GatewayError('GW_UPSTREAM_START', { reason: `the server ${what}` })
}

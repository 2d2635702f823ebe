import { randomInt } from 'node:crypto'
import type { PackageStore, StoredCommand } from '../../packages/index.ts'
import { requestText, withModernMeta } from '../../protocol/index.ts'
import { GatewayError } from '../../shared/errors.ts'
import type { ServerSettings } from '../../shared/settings.ts'
import { prepareLaunch, type HostEnvironment, type Worker, type WorkerLaunch, type WorkerPool } from '../../stdio-pool/index.ts'
import { clientInfo } from '../client-info.ts'
import { inTime } from '../in-time.ts'
import type { EraVerdicts } from '../types.ts'

/** A process that was started for nobody, and has shown that it lives. */
export interface Spare {
  readonly worker: Worker
  readonly launch: WorkerLaunch
  /** What it runs: two spares of one entry differ in it when the package store has changed between them. */
  readonly program: string
  /** From spawn to the answer, in milliseconds. */
  readonly startMs: number
  readonly readyAtMs: number
  /** It wrote something besides the answer, since it was started. */
  isSpoiled (): boolean
}

/** Ids of the liveness question: far from those that a connection mints. */
const MAX_ID = 2 ** 40

/** What starting spares needs of the options of all starts. */
export interface SpareStartOptions {
  readonly pool: WorkerPool
  readonly host: HostEnvironment
  readonly stateDir: string
  /** Absent = every command is started as written. */
  readonly packages?: PackageStore
  readonly version: string
  readonly nowMs: () => number
  /** Something of ours threw where nobody can be told. */
  readonly onThrown: (thrown: unknown) => void
}

/**
 * Starts a process for nobody and asks whether it lives. It is not greeted, and nothing of a caller reaches it. A server that
 * says anything but the answer is not usable: what it says now would reach whoever is given the worker.
 * @param onSpoiled the server wrote something after its answer
 * @throws GatewayError GW_UPSTREAM_START (the reason tells what it did), GW_LIMIT_WORKERS, GW_CANCELLED, GW_DRAINING
 */
export async function startSpare (options: SpareStartOptions, server: ServerSettings, verdicts: EraVerdicts, onSpoiled: (worker: Worker) => void, signal: AbortSignal): Promise<Spare> {
  const { pool, nowMs } = options
  const stored = await options.packages?.commandOf(server)
  const launch = prepareLaunch(server, {}, { stateDir: options.stateDir, workerKey: `spare ${server.entryHash}` }, options.host, stored)
  const worker = await pool.startSpare(launch, server.name, signal)
  const startedMs = nowMs()
  const question = questionFor(server, verdicts, options.version)
  try {
    let hasSpoken = false
    const onWord = (): void => {
      hasSpoken = true
      onSpoiled(worker)
    }
    await inTime(server.startTimeoutMs, signal, () => refused(`does not answer ${question.method} before it is greeted`), (either) => answered(worker, question, onWord, either))
    // In one breath with its answer.
    if (hasSpoken) throw spoiled()
    return { worker, launch, program: programOf(server, stored), startMs: nowMs() - startedMs, readyAtMs: nowMs(), isSpoiled: () => hasSpoken || worker.noise > 0 }
  } catch (thrown) {
    await worker.stop()
    throw thrown
  } finally {
    pool.settled(worker)
  }
}

/** Names what a server's process runs. */
export function programOf (server: ServerSettings, stored: StoredCommand | undefined): string {
  return JSON.stringify([server.entryHash, stored?.package, stored?.command, stored?.args])
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

import type { PackageStore, StoredCommand } from '../../packages/index.ts'
import type { ServerSettings } from '../../shared/settings/server.ts'
import { type HostEnvironment, type Worker, type WorkerLaunch, type WorkerPool } from '../../stdio-pool/index.ts'
import { launchFor } from '../launch-for.ts'
import type { EraVerdicts } from '../types.ts'
import { askAlive, spoiled } from './ask-alive.ts'

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
  const launch = launchFor(options, server, {}, `spare ${server.entryHash}`, stored)
  const worker = await pool.startSpare(launch, server.name, signal)
  const startedMs = nowMs()
  try {
    let hasSpoken = false
    const onWord = (): void => {
      hasSpoken = true
      onSpoiled(worker)
    }
    await askAlive(worker, server, verdicts, options.version, onWord, signal)
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

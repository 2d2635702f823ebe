import type { Containment } from '../sandbox/index.ts'
import { GatewayError } from '../shared/errors.ts'
import { randomId } from '../shared/ids.ts'
import type { ServerName } from '../shared/ids.ts'
import type { WorkerBound, WorkerPoolOptions } from './pool-options.ts'
import { createDirectories, makeDirectory, removePrivateDirectory } from './private-directories.ts'
import { spawnProcess, startFailure } from './spawn-process.ts'
import type { StartedChild } from './spawn-process.ts'
import { uncontained } from './uncontained.ts'
import { createStartingLine } from './starting-line.ts'
import { createStrays } from './strays.ts'
import { createSupervisor } from './supervisor.ts'
import type { PoolStats, Worker, WorkerExit, WorkerLaunch, WorkerOwner, WorkerPool } from './types.ts'
import { countByServer, countsAgainst } from './worker-counts.ts'
import { createWorkerSlots } from './worker-slots.ts'
import { createWorker } from './worker.ts'
import type { LiveWorker } from './worker.ts'

/** By this variable processes that left their group are found (T44). Its value, `<gateway>.<number>`, says nothing to a server. */
export const TAG_VARIABLE = 'DRAWBRIDGE_WORKER'
/** MCP leaves the times open; two seconds are what real servers need to finish a request of their own (clients 1). */
const STOP_GRACE_MS = 2000
const NEVER_WAS: WorkerExit = { reason: 'spawn_failed', code: null, signal: null }

/** Starts, bounds and ends the processes of one gateway. */
export function createWorkerPool (options: WorkerPoolOptions): WorkerPool {
  return new ProcessPool(options)
}

/** Fills the places of one worker. */
type Filling = (...filling: [mounts: Parameters<WorkerPool['mount']>[1], dataDirs: readonly string[]]) => Promise<void>

/** A process that runs, and what contains it. */
interface Spawned { readonly worker: LiveWorker, readonly containment: Containment }

/** Whose a worker will be. */
interface Seat { readonly owner: WorkerOwner, readonly isSpare: boolean }

class ProcessPool implements WorkerPool {
  readonly instanceId = randomId()
  readonly #options: WorkerPoolOptions
  readonly #workers = new Set<LiveWorker>()
  readonly #starting = new Set<Worker>()
  /** Of workers whose directories come later. */
  readonly #fillings = new WeakMap<Worker, Filling>()
  /** Starts and ends under way: a place is freed and a directory removed after the process itself is gone. */
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #closing = new AbortController()
  readonly #slots
  readonly #line
  readonly #strays
  readonly #supervisor
  #started = 0

  constructor (options: WorkerPoolOptions) {
    this.#options = options
    const noRoom = async (): Promise<boolean> => false
    this.#slots = createWorkerSlots(options.limits, options.makeRoom ?? noRoom, (owner, bound) => this.#countEnding(owner, bound))
    this.#line = createStartingLine(() => options.limits.global().maxStarting, (tenant) => options.limits.tenantWeight?.(tenant) ?? 1)
    this.#strays = createStrays({ serving: () => this.#servingPids(), nowMs: options.clock.nowMs })
    this.#supervisor = createSupervisor(this.instanceId, (reason) => options.events.supervisorLost(reason))
  }

  start (launch: WorkerLaunch, owner: WorkerOwner, signal: AbortSignal): Promise<Worker> {
    return this.#track(this.#unlessClosing(signal, async (either) => {
      await this.#slots.take(owner, either)
      return await this.#startInPlace(launch, { owner, isSpare: false }, either)
    }))
  }

  startSpare (launch: WorkerLaunch, server: ServerName, signal: AbortSignal): Promise<Worker> {
    return this.#track(this.#unlessClosing(signal, async (either) => {
      this.#slots.takeFree({ server })
      return await this.#startInPlace(launch, { owner: { server }, isSpare: true }, either)
    }))
  }

  bind (next: () => Worker | undefined, owner: WorkerOwner, signal: AbortSignal): Promise<Worker | undefined> {
    const usable = (): LiveWorker | undefined => {
      const spare = next()
      return spare !== undefined && this.#isOwn(spare) && spare.isSpare && !spare.isEnding ? spare : undefined
    }
    return this.#unlessClosing(signal, (either) => this.#slots.bind(usable, owner, (spare) => {
      spare.bindTo(owner)
      this.#options.events.workerBound(spare)
    }, either))
  }

  async mount (worker: Worker, mounts: ReadonlyArray<{ readonly inner: string, readonly source: string }>, dataDirs: readonly string[]): Promise<void> {
    await this.#fillings.get(worker)?.(mounts, dataDirs)
  }

  settled (worker: Worker): void {
    if (this.#starting.delete(worker)) this.#line.leave()
  }

  stats (): PoolStats {
    const owners = [...this.#workers].map((worker) => worker.owner)
    return { running: this.#workers.size - this.#starting.size, starting: this.#starting.size, byServer: countByServer(owners) }
  }

  async close (): Promise<void> {
    this.#closing.abort()
    while (this.#workers.size > 0 || this.#underWay.size > 0) {
      const stops = [...this.#workers].map((worker) => worker.stop())
      await Promise.all(stops)
      await Promise.allSettled(this.#underWay)
    }
    await this.#supervisor.close()
    await this.#options.uncontain?.()
  }

  /** Runs until the signal aborts or the pool closes, whose errors it then throws. */
  async #unlessClosing<T> (signal: AbortSignal, work: (either: AbortSignal) => Promise<T>): Promise<T> {
    const either = AbortSignal.any([signal, this.#closing.signal])
    try {
      either.throwIfAborted()
      return await work(either)
    } catch (error) {
      if (!either.aborted || error !== either.reason) throw error
      throw new GatewayError(error === this.#closing.signal.reason ? 'GW_DRAINING' : 'GW_CANCELLED', {}, error)
    }
  }

  /** The place and the turn are the process's from its spawn on: they are free again when it has ended, and not before. */
  async #startInPlace (launch: WorkerLaunch, seat: Seat, signal: AbortSignal): Promise<Worker> {
    const { worker, containment } = await this.#spawnInPlace(launch, seat, signal)
    try {
      await containment.started(worker.pid)
      return worker
    } catch (error) {
      worker.kill('spawn_failed')
      await worker.gone
      throw startFailure(launch, error)
    }
  }

  async #spawnInPlace (launch: WorkerLaunch, seat: Seat, signal: AbortSignal): Promise<Spawned> {
    try {
      return await this.#spawnInLine(launch, seat, signal)
    } catch (error) {
      this.#slots.release(seat.owner)
      throw error
    }
  }

  async #spawnInLine (launch: WorkerLaunch, seat: Seat, signal: AbortSignal): Promise<Spawned> {
    await this.#line.enter(seat.owner, signal)
    try {
      await createDirectories(launch)
      signal.throwIfAborted()
      return await this.#spawn(launch, seat)
    } catch (error) {
      this.#line.leave()
      if (isStartFailure(error)) this.#options.events.workerEnded(seat.owner, NEVER_WAS)
      await removePrivateDirectory(launch)
      throw error
    }
  }

  async #spawn (launch: WorkerLaunch, seat: Seat): Promise<Spawned> {
    const { clock, events, stopGraceMs = STOP_GRACE_MS } = this.#options
    const { contain = uncontained } = this.#options
    this.#started += 1
    const id = `w${this.#started}`
    const tag = `${this.instanceId}.${this.#started}`
    const containment = await contain({ ...launch, env: { ...launch.env, [TAG_VARIABLE]: tag } })
    const fill = await fillingOf(launch, containment)
    const child = await spawnContained(launch, containment)
    this.#supervisor.watch(child.pid, launch.privateDir)
    const worker = createWorker({ id, child, ...seat, clock, events, stopGraceMs })
    this.#workers.add(worker)
    this.#starting.add(worker)
    if (fill !== undefined) this.#fillings.set(worker, fill)
    events.workerStarted(worker)
    // Cannot reject: nothing that it awaits does.
    this.#track(this.#clearAfter(worker, launch, containment, tag)).catch(() => {})
    return { worker, containment }
  }

  #track<T> (work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    const done = (): void => { this.#underWay.delete(work) }
    work.then(done, done)
    return work
  }

  /** What a worker leaves behind is cleared in the order in which others may need it. */
  async #clearAfter (worker: LiveWorker, launch: WorkerLaunch, containment: Containment, tag: string): Promise<void> {
    const exit = await worker.exited
    this.settled(worker)
    this.#options.events.workerEnded(worker.owner, exit, worker)
    await worker.gone
    await containment.ended()
    this.#workers.delete(worker)
    this.#slots.release(worker.owner)
    this.#supervisor.forget(worker.pid)
    // Where processes have a namespace of their own, none can have left it.
    if (containment.level === 'none' || containment.level === 'process') await this.#strays.end(`${TAG_VARIABLE}=${tag}`)
    await removePrivateDirectory(launch)
  }

  #servingPids (): ReadonlySet<number> {
    const pids = new Set<number>()
    for (const worker of this.#workers) if (!worker.isEnding) pids.add(worker.pid)
    return pids
  }

  #isOwn (worker: Worker): worker is LiveWorker {
    return (this.#workers as ReadonlySet<Worker>).has(worker)
  }

  #countEnding (owner: WorkerOwner, bound: WorkerBound): number {
    let count = 0
    for (const worker of this.#workers) if (worker.isEnding && countsAgainst(bound, owner, worker.owner)) count += 1
    return count
  }
}

/** @throws GatewayError GW_UPSTREAM_START when the launch needs mounts that this containment has not; nothing runs then */
async function fillingOf (launch: WorkerLaunch, containment: Containment): Promise<Filling | undefined> {
  if (launch.lateMounts === undefined) return undefined
  const { mount, level, mountRefusal = `level "${level}" has no mounts of its own` } = containment
  if (mount === undefined) {
    await containment.ended()
    throw new GatewayError('GW_UPSTREAM_START', { reason: `mcpServers.${launch.server}.sandbox.mountLate: ${mountRefusal}` })
  }
  return async (mounts, dataDirs) => {
    try {
      for (const path of dataDirs) await makeDirectory(path)
      for (const { inner, source } of mounts) await mount(inner, source)
    } catch (error) {
      throw startFailure(launch, error)
    }
  }
}

async function spawnContained (launch: WorkerLaunch, containment: Containment): Promise<StartedChild> {
  try {
    return await spawnProcess(launch, containment)
  } catch (error) {
    await containment.ended()
    throw error
  }
}

function isStartFailure (error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'GW_UPSTREAM_START'
}

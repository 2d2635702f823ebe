import type { FastifyReply, FastifyRequest } from 'fastify'
import { whenClosed } from '../../routes/answer/when-closed.ts'
import type { Gateway } from '../../src/gateway/index.ts'
import { ownerOfKey, rendezvous, type OwnerKey, type OwnerKeyOf, type Replica, type Replicas } from '../../src/replicas/index.ts'
import { ChurnList } from '../../src/shared/churn-list.ts'

/** How often it is looked whose work is done, in milliseconds. */
const LOOK_MS = 50
/** Longest time a request waits for what runs for its caller to end, so that it can go to the next owner, in milliseconds. */
const HOLD_MS = 2000

interface LeavingOptions {
  readonly replicas: Replicas
  readonly gateway: () => Gateway
  readonly ownerKeyOf: OwnerKeyOf
  readonly onThrown: (thrown: unknown) => void
}

/**
 * How a replica that was told to end hands over whom it serves (FR31): as soon as nothing of a user's runs here, their sessions
 * end, their workers are stopped, and only then the claim is given up, so that two workers of one key never run side by
 * side; what comes meanwhile waits, and is handed over to the next owner.
 */
export class Leaving {
  readonly #options: LeavingOptions
  /** What is being served here, streams that stay left out, each with the key that it was served for. */
  readonly #served = new ChurnList<FastifyRequest>()
  readonly #released = new Map<OwnerKey, PromiseWithResolvers<undefined>>()
  readonly #ending = new Set<OwnerKey>()
  #phase: 'none' | 'lead' | 'rest' = 'none'
  #timer: NodeJS.Timeout | undefined

  constructor (options: LeavingOptions) {
    this.#options = options
  }

  /** The replica is being left: nobody new is served. */
  get hasBegun (): boolean { return this.#phase !== 'none' }

  /** A request is served here. Streams that stay open keep nobody: they are ended when nothing else runs. */
  enter (request: FastifyRequest, reply: FastifyReply, ownerKey: OwnerKey | undefined): void {
    if (request.method === 'GET' || request.headers['mcp-method'] === 'subscriptions/listen') return
    request.arrival.ownerKey = ownerKey
    this.#served.add(request)
    whenClosed(reply, () => { this.#served.delete(request) })
  }

  /** It is served elsewhere after all. */
  leave (request: FastifyRequest): void { request.arrival.ownerKey = undefined }

  /** Begins to hand over. Calls that run go on, and so do the sessions and users that they belong to. */
  begin (): void {
    if (this.#phase !== 'none') return
    this.#phase = 'lead'
    this.#timer = setInterval(() => { this.#look() }, LOOK_MS)
    this.#look()
  }

  /** From now on nothing new begins here for anybody. */
  rest (): void { this.#phase = 'rest' }

  end (): void {
    clearInterval(this.#timer)
    for (const { resolve } of this.#released.values()) resolve(undefined)
  }

  /** What a request for this key waits for before it is looked who owns the key; undefined = it is served here now. */
  hold (ownerKey: OwnerKey): Promise<void> | undefined {
    if (this.#phase === 'none' || (this.#phase === 'lead' && !this.#ending.has(ownerKey))) return undefined
    let released = this.#released.get(ownerKey)
    if (released === undefined) this.#released.set(ownerKey, released = Promise.withResolvers())
    return withinHold(released.promise)
  }

  /** Who takes somebody that is nobody's in particular; undefined = there is no other. */
  peerFor (userKey: string): Replica | undefined {
    const { replicas } = this.#options
    return rendezvous(userKey, replicas.live().filter((replica) => replica !== replicas.self && !replica.isDraining))
  }

  #look (): void {
    const { gateway, replicas, ownerKeyOf } = this.#options
    const busy = new Set(gateway().busyOwners())
    for (const { arrival } of this.#served) if (arrival.ownerKey !== undefined) busy.add(arrival.ownerKey)
    for (const key of replicas.owned()) {
      if (!this.#ending.has(key) && !isBusy(key, busy)) this.#handOver(key)
    }
    gateway().endUnowned((principal, route) => ownerKeyOf(principal, route.kind === 'server' ? route.server : undefined) === undefined)
  }

  #handOver (key: OwnerKey): void {
    const { gateway, replicas, onThrown } = this.#options
    this.#ending.add(key)
    gateway().endOwned(key).then(() => {
      replicas.release(key)
    }).catch(onThrown).finally(() => {
      this.#ending.delete(key)
      this.#released.get(key)?.resolve(undefined)
      this.#released.delete(key)
    }).catch(onThrown)
  }
}

/** A tenant's key is busy with any of its users, and a user's with what their tenant shares. */
function isBusy (key: OwnerKey, busy: ReadonlySet<string>): boolean {
  if (busy.has(key)) return true
  const [tenant, user] = ownerOfKey(key)
  if (user !== undefined) return busy.has(JSON.stringify([tenant]))
  for (const other of busy) if (ownerOfKey(other)[0] === tenant) return true
  return false
}

async function withinHold (released: Promise<undefined>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(resolve, HOLD_MS, undefined)
  await Promise.race([released, promise])
  clearTimeout(timer)
}

import { randomBytes } from 'node:crypto'
import type { Gateway } from '../../src/gateway/index.ts'
import { createReplicaStore, type RedisStore } from '../../src/redis/index.ts'
import { createHopSigner, createOwnerKeys, createReplicas, INSTANCE_CHARS, type OwnerKeyOf, type ReplicaEvents, type Replicas } from '../../src/replicas/index.ts'
import type { Clock } from '../../src/shared/clock.ts'
import type { Settings } from '../../src/shared/settings.ts'
import { safeText, type Logger, type Telemetry } from '../../src/telemetry/index.ts'
import type { SharedState } from '../compose-redis.ts'
import { HandOvers } from '../edge/hand-overs.ts'
import { HopClient } from './hop-client.ts'
import { listenForHops } from './hop-listener.ts'
import { Leaving } from './leaving.ts'
import type { ReplicaLinks } from './replica-links.ts'

/** How long a start waits for Redis, in milliseconds. It goes on without it. */
const CONNECTING_MS = 2000

/** What replicas are composed with. */
export interface ReplicaParts {
  readonly telemetry: Telemetry
  readonly logger: Logger
  readonly clock: Clock
  /** Getters: both are made after this. */
  readonly gateway: () => Gateway
  readonly now: () => Settings
}

/** @returns undefined = without Redis, this gateway serves alone */
export function composeReplicas ({ replica, secret }: Settings, shared: SharedState | undefined, parts: ReplicaParts): ReplicaLinks | undefined {
  if (shared === undefined || replica === undefined || secret === undefined) return undefined
  const { telemetry, clock, gateway } = parts
  const instance = randomBytes(INSTANCE_CHARS * 3 / 4).toString('base64url')
  const store = createReplicaStore(shared)
  const signer = createHopSigner({ secret, self: instance, wallMs: () => replicas.sharedWallMs() })
  const hops = new HopClient(signer)
  const replicas = createReplicas({
    self: { name: replica.name, instance },
    store,
    clock,
    ask: hops.ask,
    isInUse: (key) => gateway().hasOwned(key),
    events: replicaEvents(parts, hops)
  })
  const ownerKeyOf = followed(parts.now)
  const onThrown = (thrown: unknown): void => { parts.logger.error({ event: 'internal_fault', err: thrown }, 'somebody could not be handed over to another replica') }
  const leaving = new Leaving({ replicas, gateway, ownerKeyOf, onThrown })
  const refused = telemetry.count('replica_hops_refused_total')
  const seconds = telemetry.observe('replica_hop_seconds')
  readLevels(telemetry, replicas)
  return {
    replicas,
    hops,
    ownerKeyOf,
    handOvers: new HandOvers(),
    leaving,
    hopEnded (outcome, tookS) {
      telemetry.count('replica_hops_total', { outcome }).inc()
      if (outcome === 'answered') seconds.observe(tookS)
    },
    async listen (app) {
      const answer = (ownerKey: string | undefined): { owns: boolean, reachesStore: boolean } => ({ owns: ownerKey !== undefined && replicas.owns(ownerKey), reachesStore: !store.isAway })
      const listener = await listenForHops(app, replica, { signer, answer, refused: () => { refused.inc() } })
      await upSoon(shared.store)
      await replicas.begin(listener.origin)
      parts.logger.info({ event: 'replica_listening', replica: replica.name, instance, origin: listener.origin }, 'other replicas may hand requests over')
      return listener
    },
    async close () {
      await replicas.close()
      hops.close()
    }
  }
}

/** Redis is being connected to since a moment ago: the others should know of this replica before it serves anybody. */
async function upSoon (store: RedisStore): Promise<void> {
  if (store.state === 'up') return
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const end = store.onState(() => { resolve(undefined) })
  const timer = setTimeout(resolve, CONNECTING_MS, undefined)
  await promise
  clearTimeout(timer)
  end()
}

function readLevels (telemetry: Telemetry, replicas: Replicas): void {
  telemetry.beforeScrape(() => {
    telemetry.level('replicas_live').set(replicas.live().length)
    telemetry.level('replica_keys_owned').set(replicas.owned().length)
  })
}

/** Of the newest settings; made anew when they change. */
function followed (now: () => Settings): OwnerKeyOf {
  let madeOf: Settings | undefined
  let ownerKeyOf: OwnerKeyOf = () => undefined
  return (principal, server) => {
    const settings = now()
    if (settings !== madeOf) {
      ownerKeyOf = createOwnerKeys(settings)
      madeOf = settings
    }
    return ownerKeyOf(principal, server)
  }
}

function replicaEvents ({ telemetry, logger, gateway }: ReplicaParts, hops: HopClient): ReplicaEvents {
  const fenced = telemetry.count('replica_fenced_total')
  return {
    claimed: (how) => { telemetry.count('replica_claims_total', { how }).inc() },
    fenced (key) {
      fenced.inc()
      logger.warn({ event: 'owner_fenced', owner: safeText(key) }, 'another replica serves these callers: what ran here for them is ended')
      gateway().endOwned(key).catch((error: unknown) => { logger.error({ event: 'internal_fault', err: error }, 'what was fenced could not be ended') })
    },
    joined: ({ name, instance, origin }) => { logger.info({ event: 'replica_joined', replica: name, instance, origin: safeText(origin) }, 'a replica lives') },
    left (replica, why) {
      const fields = { event: 'replica_left', replica: replica.name, instance: replica.instance, reason: why }
      if (why === 'farewell') logger.info(fields, 'a replica has left')
      else logger.warn(fields, 'a replica has gone')
      hops.drop(replica)
    },
    beatFailed: (error) => { logger.warn({ event: 'replica_unannounced', reason: safeText(error instanceof Error ? error.message : String(error)) }, 'Redis could not be told that this replica lives') }
  }
}

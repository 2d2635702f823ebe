import { Parks, RequestStates, TaskIds } from '../bridge/index.ts'
import { createCache, type Cache } from '../cache/index.ts'
import { createMemoryOnceStore } from '../resilience/index.ts'
import { createNameIndex } from '../routing/index.ts'
import type { SchemaBook } from '../schemas/index.ts'
import { createSealer, deriveKey, sealedAt, type Sealer } from '../seal/index.ts'
import { createSessionRegistry, type SessionRegistry } from '../session/index.ts'
import { createConnections, type Connections } from '../upstream/index.ts'
import { ToolBook } from './arguments/tool-book.ts'
import type { GatewayContext } from './context.ts'
import { createFace } from './face.ts'
import type { Generations } from './generations.ts'
import { createLinks, type Links } from './links.ts'
import { Listens } from './listens.ts'
import { createLists } from './lists/lists.ts'
import { Reopening } from './reopening.ts'
import { Results } from './results/results.ts'
import { forgetNews } from './reuse/forget.ts'
import type { GatewayOptions } from './types.ts'
import { Work } from './work.ts'

/** In this process, where nobody says otherwise. */
const DEFAULT_CACHE_BYTES = 67_108_864

/**
 * Builds what the files of this room share, from the rooms below. Rooms that need each other get what they need by a function,
 * called when all of them are there.
 * @param generations gets the context as its first
 */
export function createContext (options: GatewayOptions, generations: Generations, schemas: SchemaBook): GatewayContext {
  const { nowMs, policy } = options
  const sealer = sealerOf(options)
  const tasks = new TaskIds(sealer)
  const names = createNameIndex()
  const cache = cacheOf(options)
  const lists = createLists(names, cache, new ToolBook(schemas), nowMs)
  const links: Links = createLinks(() => connections, (server) => createFace(policy, tasks, server), (place, request, method) => {
    forgetNews(cache, place, request.server, request.tenant, method)
    lists.changed(request.server, request, method)
  })
  const connections = connectionsOf(options, generations, links)
  const reopening = reopeningOf(options, generations, () => sessions)
  const sessions = sessionsOf(options, reopening)
  const context: GatewayContext = {
    ...generations.snapshot(),
    policy,
    decisionPoint: options.decisionPoint ?? (() => undefined),
    limiter: options.limiter,
    sessions,
    ...reopening === undefined ? {} : { reopening },
    connections,
    links,
    work: new Work(),
    sealer,
    tasks,
    parks: new Parks(new RequestStates(sealer)),
    listens: new Listens(),
    once: options.once ?? createMemoryOnceStore(nowMs),
    nowMs,
    names,
    lists,
    cache,
    results: new Results(cache, nowMs),
    audit: options.audit,
    events: options.events,
    version: options.version
  }
  generations.begin(context)
  return context
}

/** Texts that another replica is to open name it. */
function sealerOf ({ settings, replica }: GatewayOptions): Sealer {
  const sealer = createSealer(settings.secret === undefined ? undefined : deriveKey(settings.secret, 'sealed texts'), Date.now)
  return replica === undefined ? sealer : sealedAt(sealer, replica.instance)
}

function cacheOf ({ cache, settings, nowMs }: GatewayOptions): Cache {
  return cache ?? createCache({ maxBytes: settings.cache?.maxBytes ?? DEFAULT_CACHE_BYTES, nowMs, wallMs: Date.now })
}

function connectionsOf ({ settings, pool, host, packages, version, nowMs, events }: GatewayOptions, generations: Generations, links: Links): Connections {
  return createConnections({
    pool,
    host,
    stateDir: settings.stateDir,
    ...packages === undefined ? {} : { packages },
    warm: { servers: settings.servers.values(), maxStarting: () => generations.settings.pool.maxStarting },
    version,
    nowMs,
    events: { ...events.upstream, thrown: events.thrown }
  }, links.peerFor)
}

function reopeningOf ({ sharedSessions, policy, nowMs, events }: GatewayOptions, generations: Generations, registry: () => SessionRegistry): Reopening | undefined {
  if (sharedSessions === undefined) return undefined
  return new Reopening({ shared: sharedSessions, registry, policy, settings: () => generations.settings, nowMs, events: { ...events.sessions, thrown: events.thrown } })
}

function sessionsOf ({ settings, nowMs, events, replica }: GatewayOptions, reopening: Reopening | undefined): SessionRegistry {
  return createSessionRegistry({
    ...settings.sessions,
    nowMs,
    events: reopening?.listening(events.sessions) ?? events.sessions,
    ...replica === undefined ? {} : { newId: replica.newSessionId }
  })
}

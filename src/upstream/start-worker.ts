import { GatewayError, toGatewayError } from '../shared/errors.ts'
import type { TenantId, UserId } from '../shared/ids.ts'
import type { Era } from '../shared/era.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { WorkerOwner } from '../stdio-pool/index.ts'
import { inTime } from './in-time.ts'
import { launchFor, mountOwn } from './launch-for.ts'
import { askAlive } from './spares/ask-alive.ts'
import { openWire, type Greeted, type WirePlan } from './open-wire.ts'
import type { StartOptions, StartTold } from './opening.ts'
import type { Connection, ConnectionRequest, EraVerdicts } from './types.ts'

/** Seconds after which a caller that found no turn to start may come back (FR03). */
const RETRY_AFTER_S = 5
/** How long a server may be silent on server/discover before it is taken for a legacy one that waits for initialize. */
const PROBE_MS = 3000
/** How long a process that let a deadline pass may stay silent on a liveness check (FR02). */
const GRACE_MS = 2000
/** Launchers may have to download first, and have six times as long to start; this part of it may go by before the first word. Not of a stored package. */
const PROBE_PART = 0.1

/**
 * From a request to a greeted server: launch, process, handshake. The signal ends it at any point, and its reason is what is
 * thrown then. A server that ends or falls silent on server/discover gets a second process and is asked nothing before
 * initialize; the verdict remembers it, and the first process slows no later start down.
 */
export async function startWorker (options: StartOptions, request: ConnectionRequest, key: string, told: StartTold, verdicts: EraVerdicts, signal: AbortSignal): Promise<Connection> {
  const { server } = request
  // Once: if that one found out nothing, waiting for another would only line everybody up.
  if (isProbe(server, verdicts, request.era) && options.probes.isUnderway(server.entryHash)) await options.probes.over(server.entryHash, signal)
  const start = (): Promise<Connection> => startNow(options, request, key, told, verdicts, signal)
  return isProbe(server, verdicts, request.era) ? await options.probes.run(server.entryHash, start) : await start()
}

async function startNow (options: StartOptions, request: ConnectionRequest, key: string, told: StartTold, verdicts: EraVerdicts, signal: AbortSignal): Promise<Connection> {
  const { server } = request
  const isStored = await options.packages?.commandOf(server) !== undefined
  const plan = planFor(server, verdicts, request.era, isStored)
  const first = await greetSpare(options, request, plan, told, signal) ?? await greetFresh(options, request, key, plan, told, verdicts, signal)
  if (first.outcome !== 'spent') return settled(first.connection, first.outcome, server, verdicts)
  const second = await greetFresh(options, request, key, { ...plan, first: 'legacy' }, told, verdicts, signal)
  if (second.outcome === 'spent') throw new GatewayError('GW_INTERNAL', { reason: 'a legacy handshake asks before initialize' })
  return settled(second.connection, second.outcome.era === 'legacy' ? { era: 'legacy', lacks: 'modern' } : second.outcome, server, verdicts)
}

function settled (connection: Connection, outcome: { readonly era: Era, readonly lacks?: Era }, server: ServerSettings, verdicts: EraVerdicts): Connection {
  if (outcome.lacks !== undefined) verdicts.lacks(server, outcome.lacks)
  verdicts.speaks(server, outcome.era)
  return connection
}

/** Would the server be asked something that may cost a process? */
function isProbe (server: ServerSettings, verdicts: EraVerdicts, wanted: Era): boolean {
  return server.era === 'auto' && verdicts.order(server, wanted)[0] === 'modern' && verdicts.known(server)?.eras.includes('modern') !== true
}

function planFor (server: ServerSettings, verdicts: EraVerdicts, wanted: Era, isStored: boolean): WirePlan {
  const { startTimeoutMs } = server
  const isKnown = verdicts.known(server)?.eras.includes('modern') === true
  return {
    first: verdicts.order(server, wanted)[0] ?? wanted,
    mayTryOther: server.era === 'auto',
    probeMs: isKnown ? startTimeoutMs : Math.max(Math.min(PROBE_MS, startTimeoutMs / 2), isStored ? 0 : startTimeoutMs * PROBE_PART),
    answerMs: startTimeoutMs,
    graceMs: GRACE_MS
  }
}

/**
 * A spare, greeted; undefined = there is none, or it is not fit for use: then a fresh process shall do. Its own end is waited
 * for, because two workers of one key must never run side by side (rulings 1).
 */
async function greetSpare (options: StartOptions, request: ConnectionRequest, plan: WirePlan, told: StartTold, signal: AbortSignal): Promise<Greeted | undefined> {
  const { server } = request
  const { spares } = options
  if (spares === undefined) return undefined
  const spare = await inTime(server.startTimeoutMs, signal, noTurn, (either) => spares.take(server, ownerOf(request), either))
  if (spare === undefined) return undefined
  const { worker, launch } = spare
  told.process('warm', launch.rootDirs)
  try {
    await mountOwn(options, server, identityOf(request), worker, launch)
    const greeted = await openWire(options, request, worker, plan, told, signal)
    spare.greeted()
    if (greeted.outcome === 'spent') await greeted.connection.close()
    return greeted
  } catch (thrown) {
    const error = toGatewayError(thrown)
    spare.greeted(signal.aborted ? undefined : error)
    const stopped = worker.stop()
    if (signal.aborted) {
      told.failed({ stderr: worker.stderrTail(), stopped })
      throw thrown
    }
    await stopped
    return undefined
  }
}

/** One process, greeted. When that came to nothing it is on its way out, and told of; a spent one is gone before this returns. */
async function greetFresh (options: StartOptions, request: ConnectionRequest, key: string, plan: WirePlan, told: StartTold, verdicts: EraVerdicts, signal: AbortSignal): Promise<Greeted> {
  const { server } = request
  const stored = await options.packages?.commandOf(server)
  const launch = launchFor(options, server, identityOf(request), key, stored)
  told.process('cold', launch.rootDirs)
  const worker = await inTime(server.startTimeoutMs, signal, noTurn, (either) => options.pool.start(launch, ownerOf(request), either))
  try {
    // Where its directories will be is made by its containment on the way to its first word.
    if (launch.lateMounts !== undefined) await askAlive(worker, server, verdicts, options.version, () => undefined, signal)
    await mountOwn(options, server, identityOf(request), worker, launch)
    const greeted = await openWire(options, request, worker, plan, told, signal)
    // Two workers of one key must never run side by side: they would share files (rulings 1).
    if (greeted.outcome === 'spent') await greeted.connection.close()
    return greeted
  } catch (thrown) {
    told.failed({ stderr: worker.stderrTail(), stopped: worker.stop() })
    throw thrown
  } finally {
    options.pool.settled(worker)
  }
}

function noTurn (): GatewayError {
  return new GatewayError('GW_UPSTREAM_UNAVAILABLE', { reason: 'no turn to start in time', retryAfterS: RETRY_AFTER_S })
}

/** Only what the isolation level may know reaches the templates and the counts. */
function identityOf (request: ConnectionRequest): { tenant?: TenantId, user?: UserId } {
  switch (request.server.isolation) {
    case 'shared': return {}
    case 'tenant': return { tenant: request.tenant }
    case 'user':
    case 'session':
    case 'call': return { tenant: request.tenant, user: request.user }
  }
}

/** Whom the worker of this request counts against. */
export function ownerOf (request: ConnectionRequest): WorkerOwner {
  return { ...identityOf(request), server: request.server.name }
}

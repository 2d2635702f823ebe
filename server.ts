import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { buildManagement } from './management.ts'
import { closeListener, LAST_BYTES_MS, originOf, takeOver } from './listener.ts'
import type { AppOptions } from './plugins/app-options.ts'
import { compose } from './plugins/compose.ts'
import type { Composition } from './plugins/compose.ts'
import { boundConnections, maxOpenFiles } from './plugins/open-files.ts'
import { createPeers } from './plugins/peers.ts'
import type { HopListener } from './plugins/replicas/hop-listener.ts'
import { leave } from './plugins/replicas/leave.ts'
import { watchForStalls } from './plugins/stall-watch.ts'
import { servePrimary } from './primary.ts'
import type { RunningGateway } from './running-gateway.ts'
import { createOwners, type MemberPlace, type Membership, type Primary } from './src/processes/index.ts'
import type { ReloadOutcome } from './src/shared/reload-outcome.ts'
import type { Settings } from './src/shared/settings.ts'

/** Starts the gateway on the settings' addresses, in as many processes as they say. Rejects when an address cannot be had. */
export async function serve (settings: Settings, env: NodeJS.ProcessEnv = process.env): Promise<RunningGateway> {
  return settings.processes > 1 ? await servePrimary(settings) : await serveAlone(settings, env)
}

async function serveAlone (settings: Settings, env: NodeJS.ProcessEnv): Promise<RunningGateway> {
  const composition = compose(settings, await ownVersion(), env)
  let wanted: (() => Promise<ReloadOutcome>) | undefined
  const gateway = await listen(composition, { ...composition.options, wantReload: () => wanted?.() }, true)
  return { ...gateway, onReloadWanted: (listener) => { wanted = listener } }
}

/** Serves the part of the callers that belongs to this process, beside others that do the same (`processes: N`). */
export async function serveMember (settings: Settings, place: MemberPlace, primary: Primary): Promise<Membership> {
  const composition = compose(settings, await ownVersion(), process.env)
  const peers = createPeers(place, createOwners(settings, primary.claim), primary.gather)
  const options = { ...composition.options, peers, wantReload: primary.reload }
  const gateway = await listen(composition, options, place.index === 0, place.sockets[place.index])
  return { ...gateway, reload: gateway.reload, answer: async (question, of) => question === 'metrics' ? await options.telemetry.snapshot() : options.adminServer(of) }
}

/** A worker has three pipes, a client one connection: below this a few hundred of each are too many. */
const FEW_FILES = 4096

/** @param handedOver Unix socket on which other processes hand requests over */
async function listen (composition: Composition, options: AppOptions, isManaged: boolean, handedOver?: string): Promise<RunningGateway> {
  const { settings, peers } = options
  const app = await buildApp(options)
  const management = isManaged ? await buildManagement(options) : undefined
  await options.revocations.begun()
  const listeners = management === undefined ? [app] : [app, management]
  let handBack = async (): Promise<void> => {}
  const { replicas } = options
  let hops: HopListener | undefined
  try {
    // Before anybody has a session here whose id the others would not know.
    hops = await replicas?.listen(app)
    await app.listen({ ...settings.listen })
    if (peers !== undefined && handedOver !== undefined) handBack = await takeOver(app, handedOver, peers.incoming)
    await management?.listen({ host: settings.management.host, port: settings.management.port })
  } catch (thrown) {
    await Promise.allSettled([hops?.close(0), replicas?.close(), ...listeners.map((listener) => listener.close()), composition.gateway.stop()])
    await composition.close()
    throw thrown
  }
  const { logger, telemetry } = options
  const openFiles = maxOpenFiles()
  if (openFiles !== undefined && openFiles < FEW_FILES) logger.warn({ event: 'few_descriptors', limit: openFiles }, 'raise the limit of open files (ulimit -n, LimitNOFILE): connections beyond four fifths of it are refused')
  boundConnections(app.server, openFiles, () => telemetry.count('edge_refusals_total', { reason: 'connections' }).inc())
  composition.setPhase('serving')
  // Where somebody starts it again; the watch costs some 18 MiB.
  const endWatch = settings.mode === 'production' ? watchForStalls() : () => {}
  const url = originOf(app, settings.listen.host)
  const managementUrl = management === undefined ? '' : originOf(management, settings.management.host)
  const event = peers === undefined ? 'listening' : 'process_listening'
  composition.logger.info({ event, url, management_url: managementUrl, mode: settings.mode, servers: settings.servers.size }, 'listening')
  composition.logger.flush()
  const { reload } = composition
  return {
    url,
    managementUrl,
    reload: async (next) => reload.apply(next),
    reloadRefused: (faults) => { reload.refused(faults) },
    onReloadWanted () {},
    ...closers(composition, options, listeners, async () => { await handBack(); await hops?.close(LAST_BYTES_MS); await replicas?.close(); endWatch() })
  }
}

function closers (composition: Composition, { peers, replicas, settings, clock }: AppOptions, listeners: readonly FastifyInstance[], afterwards: () => Promise<void>): Pick<RunningGateway, 'close' | 'closeNow'> {
  const { gateway, logger } = composition
  let ending: Promise<void> | undefined
  const now = new AbortController()

  async function end (stop: () => Promise<void>, reason: string): Promise<void> {
    composition.setPhase('draining')
    logger.info({ event: 'draining', reason }, 'draining')
    await stop()
    await Promise.all(listeners.map(closeListener))
    await afterwards()
    logger.info({ event: 'stopped', reason }, 'stopped')
    await composition.close()
  }

  async function drain (): Promise<void> {
    const untilMs = clock.nowMs() + settings.drainMs + LAST_BYTES_MS
    const [app] = listeners
    if (replicas === undefined || app === undefined) await gateway.drain()
    else await leave(replicas, { app, gateway, clock, drainMs: settings.drainMs, leadMs: settings.drainLeadMs, now: now.signal })
    // Calls in flight of this process's clients, too, that other processes or replicas serve.
    await peers?.handOvers.over(untilMs - clock.nowMs())
    await replicas?.handOvers.over(untilMs - clock.nowMs())
  }

  return {
    close: (reason) => { ending ??= end(drain, reason); return ending },
    async closeNow () {
      now.abort()
      await gateway.stop()
      for (const { server } of listeners) server.closeAllConnections()
      ending ??= end(() => gateway.stop(), 'now')
      await ending
    }
  }
}

async function ownVersion (): Promise<string> {
  const manifest = JSON.parse(await readFile(new URL('./package.json', import.meta.url), 'utf8')) as { readonly version: string }
  return manifest.version
}

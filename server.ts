import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { buildManagement } from './management.ts'
import { compose } from './plugins/compose.ts'
import type { Composition } from './plugins/compose.ts'
import type { Settings } from './src/shared/settings.ts'

/** How long the last bytes of answers may take to leave once every call has ended. */
const LAST_BYTES_MS = 2000

/** A gateway that answers. */
export interface RunningGateway {
  /** Origin it listens on, with the real port when 0 was asked for. */
  readonly url: string
  readonly managementUrl: string
  /** Drains (rulings: ready = 503, calls in flight finish within drainMs, streams end, workers go) and closes the listeners. */
  close (reason: string): Promise<void>
  /** Ends at once: calls in flight are answered with errors, workers are stopped. */
  closeNow (): Promise<void>
}

/** Starts the gateway on the settings' addresses. Rejects when an address cannot be had. */
export async function serve (settings: Settings, env: NodeJS.ProcessEnv = process.env): Promise<RunningGateway> {
  const composition = compose(settings, await ownVersion(), env)
  const app = await buildApp(composition.options)
  const management = await buildManagement(composition.options)
  try {
    await app.listen({ ...settings.listen })
    await management.listen({ host: settings.management.host, port: settings.management.port })
  } catch (thrown) {
    await Promise.allSettled([app.close(), management.close(), composition.gateway.stop()])
    composition.close()
    throw thrown
  }
  composition.setPhase('serving')
  const url = originOf(app, settings.listen.host)
  const managementUrl = originOf(management, settings.management.host)
  composition.logger.info({ event: 'listening', url, management_url: managementUrl, mode: settings.mode, servers: settings.servers.size }, 'listening')
  composition.logger.flush()
  return { url, managementUrl, ...closers(composition, app, management) }
}

function closers (composition: Composition, app: FastifyInstance, management: FastifyInstance): Pick<RunningGateway, 'close' | 'closeNow'> {
  const { gateway, logger } = composition
  let ending: Promise<void> | undefined

  async function end (stop: () => Promise<void>, reason: string): Promise<void> {
    composition.setPhase('draining')
    logger.info({ event: 'draining', reason }, 'draining')
    await stop()
    await Promise.all([closeListener(app), closeListener(management)])
    logger.info({ event: 'stopped', reason }, 'stopped')
    composition.close()
  }

  return {
    close: (reason) => { ending ??= end(() => gateway.drain(), reason); return ending },
    async closeNow () {
      await gateway.stop()
      app.server.closeAllConnections()
      ending ??= end(() => gateway.stop(), 'now')
      await ending
    }
  }
}

/**
 * Stops listening. What is not asked for by then is cut: Node waits for ever for a connection on which no request has
 * come yet, which browsers and undici open ahead of need.
 */
async function closeListener (app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), LAST_BYTES_MS)
  await app.close()
  clearTimeout(timer)
}

function originOf (app: FastifyInstance, host: string): string {
  const { port, family } = app.server.address() as AddressInfo
  const name = family === 'IPv6' || host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

async function ownVersion (): Promise<string> {
  const manifest = JSON.parse(await readFile(new URL('./package.json', import.meta.url), 'utf8')) as { readonly version: string }
  return manifest.version
}

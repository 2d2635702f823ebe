import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { buildApp, buildEdge } from '../../app.ts'
import { buildManagement } from '../../management.ts'
import type { AppOptions } from '../../plugins/app-options.ts'
import { compose } from '../../plugins/compose.ts'
import type { Settings } from '../../src/shared/settings.ts'
import { createAuditSink, createLogger } from '../../src/telemetry/index.ts'
import { exchange, send } from '../helpers/http-exchange.ts'
import type { Exchange, ExchangeOptions } from '../helpers/http-exchange.ts'

/** A listening public side: the real rooms, with the log kept for the test to read. */
export interface EdgeApp {
  readonly app: FastifyInstance
  readonly options: AppOptions
  readonly port: number
  readonly url: string
  /** Sends one request and waits for the whole answer. */
  send (path: string, options?: ExchangeOptions): Promise<Exchange>
  /** Resolves as soon as the headers are here. */
  open (path: string, options?: ExchangeOptions): Promise<Exchange>
  /** Everything logged so far, as text. */
  logText (): string
  /** Everything logged so far, parsed line by line. @throws on a line that is not JSON */
  log (): Array<Record<string, unknown>>
  close (): Promise<void>
}

export interface EdgeAppOptions {
  readonly settings: Settings
  /** Routes of the test, instead of the real ones. */
  readonly routes?: (app: FastifyInstance) => void
  readonly change?: (options: AppOptions) => Partial<AppOptions>
  readonly configure?: (app: FastifyInstance) => void
}

/** Starts the edge with the real routes, or with the test's own. */
export async function startEdge ({ settings, routes, change, configure }: EdgeAppOptions): Promise<EdgeApp> {
  const composition = compose(settings, '0.0.0-test', {})
  composition.setPhase('serving')
  let text = ''
  const logger = createLogger({ level: 'debug', sink: { write: (piece) => { text += piece }, flushSync () {}, end () {} } })
  const base: AppOptions = { ...composition.options, logger, audit: createAuditSink(logger) }
  const options: AppOptions = { ...base, ...change?.(base) }
  const app = routes === undefined ? await buildApp(options) : await buildEdge(options)
  routes?.(app)
  configure?.(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const logText = (): string => {
    logger.flush()
    return text
  }
  return {
    app,
    options,
    port,
    url,
    send: (path, sending) => send(url + path, sending),
    open: (path, sending) => exchange(url + path, sending),
    logText,
    log: () => logText().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>),
    close: async () => {
      app.server.closeAllConnections()
      await app.close()
      logger.close()
      await composition.close()
    }
  }
}

/** The operator's listener of an edge; bound to loopback in any case, as tests have no other network. Both end with the test. */
export async function startManagement (t: TestContext, edge: EdgeApp): Promise<{ readonly app: FastifyInstance, readonly port: number, readonly url: string }> {
  const app = await buildManagement(edge.options)
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    app.server.closeAllConnections()
    await app.close()
    await edge.close()
  })
  const { port } = app.server.address() as AddressInfo
  return { app, port, url: `http://127.0.0.1:${port}` }
}

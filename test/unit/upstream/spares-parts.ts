import type { TestContext } from 'node:test'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import type { Connection, Place, SpareStatus } from '../../../src/upstream/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { until } from '../../helpers/until.ts'
import { ask, openings, type Openings, type OpeningsParts } from './opening-parts.ts'
import { runs } from './upstream-parts.ts'

/** What a process of the echo server says of itself. */
export interface WhoAmI { readonly pid: number, readonly argv: string[], readonly env: Readonly<Record<string, string>>, readonly client: { readonly capabilities: unknown } | undefined }

export interface Warm extends Openings {
  readonly server: ServerSettings
  spares (): SpareStatus
  /** The place of a user of acme. */
  of (user: string, who?: Parameters<Openings['place']>[1]): Place
  /** Waits until so many spares are ready and none is starting. */
  ready (count: number): Promise<void>
  /** Lets time go by while it waits for something to be told: pauses between failed starts are minutes. */
  tells (text: string): Promise<void>
}

/** A server with so many spares, being kept from now on. */
export async function warm (t: TestContext, own: Partial<ServerSettings> = runs('echo.mjs'), { count = 1, ...parts }: OpeningsParts & { readonly count?: number } = {}): Promise<Warm> {
  const server = serverSettings({ ...own, pool: { max: 50, maxPerTenant: 50, idleMs: 300_000, ...own.pool, warm: count } })
  const opened = await openings(t, { ...parts, warm: [server, ...parts.warm ?? []] })
  opened.connections.warmUp()
  const spares = (): SpareStatus => opened.connections.spares(server)
  return Object.assign(opened, {
    server,
    spares,
    of: (user: string, who: Parameters<Openings['place']>[1] = {}) => opened.place(server, { user, ...who }),
    ready: async (wanted: number) => { await until(`${wanted} spares`, () => spares().ready === wanted && spares().starting === 0) },
    tells: async (text: string) => {
      await until(text, () => {
        opened.clock.advance(1000)
        return opened.told.some((line) => line.includes(text))
      })
    }
  })
}

/** What the process behind a connection says of itself. */
export async function whoIs (connection: Connection): Promise<WhoAmI> {
  const { result } = await ask(connection, 'tools/call', { name: 'whoami', arguments: {} })
  return JSON.parse((result as { content: Array<{ text: string }> }).content[0]?.text ?? '') as WhoAmI
}

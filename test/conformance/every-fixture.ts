import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { startBearerShim, type BearerShim } from './bearer-shim.ts'
import { startHttpFixture, stdioFixture, type HttpFixture } from './fixture.ts'

/** The fixture in every mode, over everything that reaches it: names of servers of `startEveryFixture`. */
export const modernServers = ['stdio-dual', 'stdio-modern', 'http-dual', 'http-modern'] as const
export const legacyServers = ['stdio-legacy', 'http-legacy', 'sse'] as const
export type FixtureServer = typeof modernServers[number] | typeof legacyServers[number]

/** A gateway before all of them, as the suite can reach it. */
export interface EveryFixture {
  readonly gateway: TestGateway
  /** URL of a server's endpoint that needs no credential: this user of tenant `acme` is spoken for. Default `alice`. */
  endpoint (server: FixtureServer, user?: string): string
  stop (): Promise<void>
}

/** Starts the fixtures, one gateway, and before it, for each user, the listener that adds the credential. @param users besides `alice` */
export async function startEveryFixture (users: readonly string[] = []): Promise<EveryFixture> {
  const [dual, modern, legacy, sse] = await Promise.all([startHttpFixture('dual'), startHttpFixture('modern'), startHttpFixture('legacy'), startHttpFixture('sse')])
  const fixtures: readonly HttpFixture[] = [dual, modern, legacy, sse]
  let gateway: TestGateway | undefined
  const shims = new Map<string, BearerShim>()
  const stop = async (): Promise<void> => {
    for (const shim of shims.values()) await shim.close()
    await gateway?.stop()
    await Promise.all(fixtures.map((fixture) => fixture.stop()))
  }
  try {
    const mcpServers: Record<FixtureServer, Readonly<Record<string, unknown>>> = {
      'stdio-dual': stdioFixture('dual'),
      'stdio-modern': stdioFixture('modern'),
      // It has no directories of its own, so it would be told of none.
      'stdio-legacy': stdioFixture('legacy', { roots: 'relay' }),
      'http-dual': dual.entry,
      'http-modern': modern.entry,
      'http-legacy': legacy.entry,
      sse: { ...sse.entry, roots: 'relay' }
    }
    const everybody = ['alice', ...users]
    gateway = await startGateway({ config: { mcpServers, limits: roomyLimits }, users: everybody.map((user) => ({ tenant: 'acme', user })) })
    for (const user of everybody) shims.set(user, await startBearerShim(gateway.url, gateway.keyOf(user).bearer.authorization))
    return { gateway, endpoint: (server, user = 'alice') => `${shims.get(user)?.url}/servers/${server}/mcp`, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

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
  /** URL of a server's endpoint that needs no credential: user `alice` of tenant `acme` is spoken for. */
  endpoint (server: FixtureServer): string
  stop (): Promise<void>
}

/** Starts the fixtures, one gateway, and the listener before it that adds the credential. */
export async function startEveryFixture (): Promise<EveryFixture> {
  const [dual, modern, legacy, sse] = await Promise.all([startHttpFixture('dual'), startHttpFixture('modern'), startHttpFixture('legacy'), startHttpFixture('sse')])
  const fixtures: readonly HttpFixture[] = [dual, modern, legacy, sse]
  let gateway: TestGateway | undefined
  let shim: BearerShim | undefined
  const stop = async (): Promise<void> => {
    await shim?.close()
    await gateway?.stop()
    await Promise.all(fixtures.map((fixture) => fixture.stop()))
  }
  try {
    const mcpServers: Record<FixtureServer, Readonly<Record<string, unknown>>> = {
      'stdio-dual': stdioFixture('dual'),
      'stdio-modern': stdioFixture('modern'),
      'stdio-legacy': stdioFixture('legacy'),
      'http-dual': dual.entry,
      'http-modern': modern.entry,
      'http-legacy': legacy.entry,
      sse: sse.entry
    }
    gateway = await startGateway({ config: { mcpServers, limits: roomyLimits } })
    shim = await startBearerShim(gateway.url, gateway.keyOf('alice').bearer.authorization)
    const { url } = shim
    return { gateway, endpoint: (server) => `${url}/servers/${server}/mcp`, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

import { startGateway, type GatewayConfig, type TestGateway } from '../helpers/gateway.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { startBearerShim } from './bearer-shim.ts'

/** A gateway in front of one server, as the suite can reach it. */
export interface GatewayUnderTest {
  readonly gateway: TestGateway
  /** URL of a server's endpoint: no credential needed. */
  endpoint (server: string): string
  stop (): Promise<void>
}

/** Starts a gateway over these servers, and the listener that speaks for user `alice` of tenant `acme`. */
export async function startUnderTest (mcpServers: GatewayConfig['mcpServers']): Promise<GatewayUnderTest> {
  const gateway = await startGateway({ config: { mcpServers, limits: roomyLimits } })
  const shim = await startBearerShim(gateway.url, gateway.keyOf('alice').bearer.authorization)
  return {
    gateway,
    endpoint: (server) => `${shim.url}/servers/${server}/mcp`,
    stop: async () => {
      await shim.close()
      await gateway.stop()
    }
  }
}

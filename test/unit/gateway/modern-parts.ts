import type { TestContext } from 'node:test'
import type { JsonObject } from '../../../src/protocol/index.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { ABLE, askedIn, run, scripted, type Scripted } from '../bridge/script-parts.ts'
import { startGateway, type GatewayBench, type GatewayBenchOptions, type ModernSelf, type TestModernClient, type TestModernRequest } from './gateway-parts.ts'

/** A gateway before a session-era server, and a modern client that can be asked everything. */
export interface ModernTestBench extends GatewayBench {
  readonly server: Scripted
  readonly alice: TestModernClient
  /** The request that was answered with a question. */
  readonly first: TestModernRequest
  readonly state: string
}

/**
 * A call that waits for its client, who was asked something.
 * @param own of the server's entry
 */
export async function parked (t: TestContext, args: JsonObject, options: Partial<GatewayBenchOptions> = {}, own: Partial<ServerSettings> = {}, self: ModernSelf = {}): Promise<ModernTestBench> {
  const server = scripted('legacy', own)
  const bench = await startGateway(t, { ...options, servers: { srv: server.entry, other: server.entry } })
  const alice = bench.modern('alice', 'srv', { capabilities: ABLE })
  // Up before the call, so that its deadline is about the call alone.
  await alice.get('server/discover')
  const first = run(alice, args, self)
  await askedIn(first)
  return { ...bench, server, alice, first, state: first.answers[0]?.result?.['requestState'] as string }
}

import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'
import type { Era } from '../shared/era.ts'
import type { ConnectionStatus } from '../upstream/index.ts'
import type { GatewayContext } from './context.ts'

/** One server as its users may see it: nothing of other tenants, no stderr (rulings 2). */
export interface ServerStatus {
  readonly name: string
  /** `idle`: no worker right now, one is started on the next call. `failing`: the last start failed. */
  readonly state: 'running' | 'starting' | 'idle' | 'failing'
  readonly transport: string
  /** Eras that the server is known to speak: from its running workers, and from earlier openings. */
  readonly era: 'legacy' | 'modern' | 'legacy, modern' | 'unknown'
  readonly isolation: string
  /** The caller's own workers, and those of servers that they share. */
  readonly workers: { readonly running: number, readonly starting: number, readonly calls_in_flight: number }
  readonly last_error?: { readonly at: string, readonly class: string }
}

/** Open connections to one server, by the era that it is spoken to in. */
export type EraCounts = { readonly [era in Era]: number }

/** Open connections by server and era. */
export function countByEra (all: readonly ConnectionStatus[]): Map<ServerName, EraCounts> {
  const counts = new Map<ServerName, EraCounts>()
  for (const { server, era } of all) {
    if (era === undefined) continue
    const { legacy, modern } = counts.get(server) ?? { legacy: 0, modern: 0 }
    counts.set(server, { legacy: legacy + Number(era === 'legacy'), modern: modern + Number(era === 'modern') })
  }
  return counts
}

/** The caller's servers, in the order of the config. */
export function statusFor (context: GatewayContext, principal: Principal): ServerStatus[] {
  const all = context.connections.status()
  return context.policy.servers(principal).map((name) => {
    const mine = all.filter((status) => status.server === name && concerns(status, principal))
    return serverStatus(context, name, mine)
  })
}

/** One server as operators see it: all workers, and the stderr of the last failed start (redacted by the route). */
export function statusForOperator (context: GatewayContext, name: ServerName): object {
  const all = context.connections.status().filter((status) => status.server === name)
  const failure = context.connections.lastFailure(name)
  return {
    ...serverStatus(context, name, all),
    connections: all,
    warm: context.connections.spares(context.server(name)),
    ...(failure === undefined ? undefined : { last_failure: { at: new Date(failure.atMs).toISOString(), reason: failure.reason, stderr: failure.stderr } })
  }
}

function concerns (status: ConnectionStatus, principal: Principal): boolean {
  return (status.tenant === undefined || status.tenant === principal.tenant) && (status.user === undefined || status.user === principal.user)
}

function serverStatus (context: GatewayContext, name: ServerName, connections: readonly ConnectionStatus[]): ServerStatus {
  const server = context.server(name)
  const running = connections.filter(({ state }) => state === 'running')
  const starting = connections.length - running.length
  const failure = context.connections.lastFailure(name)
  return {
    name,
    state: stateOf(running.length, starting, failure !== undefined),
    transport: server.transport,
    era: erasOf(running, context.connections.eras(server)?.eras ?? []),
    isolation: server.isolation,
    workers: { running: running.length, starting, calls_in_flight: running.reduce((sum, { inFlight }) => sum + inFlight, 0) },
    ...(failure === undefined ? undefined : { last_error: { at: new Date(failure.atMs).toISOString(), class: failure.code } })
  }
}

function erasOf (running: readonly ConnectionStatus[], known: readonly Era[]): ServerStatus['era'] {
  const speaks = (era: Era): boolean => known.includes(era) || running.some((one) => one.era === era)
  if (speaks('legacy')) return speaks('modern') ? 'legacy, modern' : 'legacy'
  return speaks('modern') ? 'modern' : 'unknown'
}

function stateOf (running: number, starting: number, failed: boolean): ServerStatus['state'] {
  if (running > 0) return 'running'
  if (starting > 0) return 'starting'
  return failed ? 'failing' : 'idle'
}

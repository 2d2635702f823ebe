import type { Gateway } from '../src/gateway/index.ts'
import type { ServerName } from '../src/shared/ids.ts'
import type { Settings } from '../src/shared/settings.ts'
import type { WorkerPool } from '../src/stdio-pool/index.ts'
import type { Telemetry } from '../src/telemetry/index.ts'

const ERAS = ['legacy', 'modern'] as const

/** What is read before each scrape. */
export interface ServerLevelParts {
  readonly telemetry: Telemetry
  /** The configuration that serves new requests. */
  readonly now: () => Pick<Settings, 'servers'>
  readonly gateway: Pick<Gateway, 'spares' | 'connectionCounts' | 'isCircuitOpen'>
  readonly pool: Pick<WorkerPool, 'stats'>
}

/**
 * Sets the levels of each server before each scrape. One that a reload has dropped keeps those of what still runs of it, and has
 * none when nothing does: a level that stays as it was would be an alert that nobody can end.
 */
export function watchServerLevels ({ telemetry, now, gateway, pool }: ServerLevelParts): void {
  const seen = new Set<ServerName>()
  telemetry.beforeScrape(() => {
    const { servers } = now()
    const { byServer } = pool.stats()
    const open = gateway.connectionCounts()
    for (const server of servers.keys()) seen.add(server)
    for (const server of seen) {
      telemetry.level('workers_running', { server }).set(byServer.get(server) ?? 0)
      for (const era of ERAS) telemetry.level('connections_open', { server, era }).set(open.get(server)?.[era] ?? 0)
      if (!servers.has(server)) {
        if (clearDropped(telemetry, server, byServer.has(server) || open.has(server))) seen.delete(server)
        continue
      }
      const { wanted, ready } = gateway.spares(server)
      telemetry.level('spares_wanted', { server }).set(wanted)
      telemetry.level('spares_ready', { server }).set(ready)
      setCircuit(telemetry, server, gateway.isCircuitOpen(server))
    }
  })
}

/** Of the entry that is configured now: of a name, there may be others that have been dropped or changed and whose timers still run. */
function setCircuit (telemetry: Telemetry, server: ServerName, isOpen: boolean | undefined): void {
  const level = telemetry.level('circuit_open', { server })
  if (isOpen === undefined) level.clear()
  else level.set(Number(isOpen))
}

/** @returns whether nothing is left to be told of it */
function clearDropped (telemetry: Telemetry, server: ServerName, runs: boolean): boolean {
  for (const name of ['spares_wanted', 'spares_ready', 'circuit_open'] as const) telemetry.level(name, { server }).clear()
  if (runs) return false
  telemetry.level('workers_running', { server }).clear()
  for (const era of ERAS) telemetry.level('connections_open', { server, era }).clear()
  return true
}

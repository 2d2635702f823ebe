import type { ServerName } from '../shared/ids.ts'
import type { WorkerBound, WorkerLimits } from './pool-options.ts'
import type { WorkerOwner } from './types.ts'

/** Counts workers against every bound that holds for their owner. */
export interface WorkerCounts {
  /**
   * Takes one place under all bounds, or none and names the bound that is hit.
   * @param held a spare's owner: places that are held for it already are not taken again
   */
  take (owner: WorkerOwner, held?: WorkerOwner): WorkerBound | undefined
  /** Gives the place back. */
  release (owner: WorkerOwner): void
}

interface Place {
  readonly bound: WorkerBound
  readonly key: string
  readonly max: number
}

/** All-or-nothing counters (T55). A worker shared by several tenants or users counts against none of them. */
export function createWorkerCounts (limits: WorkerLimits): WorkerCounts {
  const counts = new Map<string, number>()

  function take (owner: WorkerOwner, held?: WorkerOwner): WorkerBound | undefined {
    const before = new Set(held === undefined ? [] : placesOf(held, limits).map(({ key }) => key))
    const places = placesOf(owner, limits).filter(({ key }) => !before.has(key))
    const hit = places.find(({ key, max }) => (counts.get(key) ?? 0) >= max)
    if (hit !== undefined) return hit.bound
    for (const { key } of places) counts.set(key, (counts.get(key) ?? 0) + 1)
    return undefined
  }

  function release (owner: WorkerOwner): void {
    for (const { key } of placesOf(owner, limits)) {
      const left = (counts.get(key) ?? 0) - 1
      if (left > 0) counts.set(key, left)
      else counts.delete(key)
    }
  }

  return { take, release }
}

/** Keys are JSON, so that no tenant or user can be named like another place. */
function placesOf ({ server, tenant, user }: WorkerOwner, limits: WorkerLimits): Place[] {
  const global = limits.global()
  const own = limits.server(server)
  const places: Place[] = [
    { bound: 'all', key: 'all', max: global.maxWorkers },
    { bound: 'server', key: JSON.stringify([server]), max: own?.max ?? Infinity }
  ]
  if (tenant === undefined) return places
  places.push(
    { bound: 'server_tenant', key: JSON.stringify([server, tenant, 'server']), max: own?.maxPerTenant ?? Infinity },
    { bound: 'tenant', key: JSON.stringify({ tenant }), max: limits.tenantWorkers(tenant) ?? global.maxWorkersPerTenant }
  )
  if (user !== undefined) places.push({ bound: 'user', key: JSON.stringify({ tenant, user }), max: global.maxWorkersPerUser })
  return places
}

/** Does a worker of `other` count against the bound that `owner` ran into? For choosing whom to end. */
export function countsAgainst (bound: WorkerBound, owner: WorkerOwner, other: WorkerOwner): boolean {
  const sameServer = owner.server === other.server
  const sameTenant = owner.tenant !== undefined && owner.tenant === other.tenant
  switch (bound) {
    case 'all': return true
    case 'server': return sameServer
    case 'server_tenant': return sameServer && sameTenant
    case 'tenant': return sameTenant
    case 'user': return sameTenant && owner.user !== undefined && owner.user === other.user
  }
}

/** How many of `owners` each server has. */
export function countByServer (owners: Iterable<WorkerOwner>): Map<ServerName, number> {
  const byServer = new Map<ServerName, number>()
  for (const { server } of owners) byServer.set(server, (byServer.get(server) ?? 0) + 1)
  return byServer
}

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { delegateControllers } from './delegate.ts'
import { describeLimits } from './describe-limits.ts'
import { createMemoryWatch, exceededLimits } from './exceeded-limits.ts'
import { writeGroupLimits } from './group-limits.ts'
import { makeInstanceGroup, removeStaleGroups } from './instance-groups.ts'
import { innerPrefix, processLimitArgs } from './process-limits.ts'
import { killGroup, removeGroup } from './remove-group.ts'
import type { ExceededLimit, GroupParent, ResourceEvents, ResourceGrip, ResourceLimits, Resources, ResourceSupport } from './types.ts'

const SCRIPT = fileURLToPath(new URL('./enter.sh', import.meta.url))

/** A hierarchy with the group that holds this gateway's workers. */
interface Place { readonly parent: GroupParent, readonly directory: string }

/** Makes workers' limits of what the host gives; what killed gateways left is removed at once. */
export function createResources (support: ResourceSupport, events: ResourceEvents): Resources {
  return new HostResources(support, events)
}

class HostResources implements Resources {
  readonly support: ResourceSupport
  readonly #events: ResourceEvents
  readonly #watch = createMemoryWatch()
  readonly #places: Promise<readonly Place[]>
  #entered = 0

  constructor (support: ResourceSupport, events: ResourceEvents) {
    this.support = support
    this.#events = events
    this.#places = this.#prepare()
    // Told to whoever enters.
    this.#places.catch(() => {})
  }

  async enter (limits: ResourceLimits, name: string): Promise<ResourceGrip> {
    const places = await this.#places
    this.#entered += 1
    const groups = await this.#makeGroups(places, limits, `w${this.#entered}`)
    const told = new Set<ExceededLimit>()
    const tell = (found: Iterable<ExceededLimit>): void => {
      for (const limit of found) if (!told.has(limit)) this.#events.exceeded(name, limit)
      for (const limit of found) told.add(limit)
    }
    const unwatch = this.#watchMemory(groups, limits, () => { tell(['memory']) })
    let released: Promise<void> | undefined
    const release = async (): Promise<void> => {
      unwatch()
      tell(await exceededLimits(groups))
      await Promise.all(groups.map(removeGroup))
    }
    return {
      prefix: ['/bin/sh', SCRIPT, ...groups.flatMap((group) => ['-g', join(group, 'cgroup.procs')]), ...processLimitArgs(this.support, limits), '--'],
      inner: innerPrefix(this.support, limits),
      release: async () => { await (released ??= release()) },
      describe: () => describeLimits(this.support, limits)
    }
  }

  async close (): Promise<void> {
    const places = await this.#places.catch(() => [])
    await Promise.all(places.map(async ({ directory }) => await removeGroup(directory)))
  }

  async #prepare (): Promise<readonly Place[]> {
    const places: Place[] = []
    for (const parent of this.support.parents) {
      await removeStaleGroups(parent.directory)
      if (this.support.kind === 'cgroup2') await delegateControllers(parent.directory, parent.controllers)
      const directory = await makeInstanceGroup(parent.directory)
      if (this.support.kind === 'cgroup2') await delegateControllers(directory, parent.controllers)
      places.push({ parent, directory })
    }
    return places
  }

  async #makeGroups (places: readonly Place[], limits: ResourceLimits, name: string): Promise<string[]> {
    const groups = places.map(({ directory }) => join(directory, name))
    try {
      for (const [at, { parent }] of places.entries()) {
        const group = groups[at] ?? ''
        await mkdir(group)
        if (this.support.kind !== 'prlimit') await writeGroupLimits(this.support.kind, group, parent, limits)
      }
    } catch (error) {
      await Promise.all(groups.map(removeGroup))
      throw error
    }
    return groups
  }

  /** @returns the end of watching */
  #watchMemory (groups: readonly string[], { memoryMb }: ResourceLimits, onKill: () => void): () => void {
    const at = this.support.parents.findIndex(({ controllers }) => controllers.includes('memory'))
    const memoryGroup = groups[at]
    if (this.support.kind !== 'cgroup1' || memoryMb === undefined || memoryGroup === undefined) return () => {}
    this.#watch.add(memoryGroup, () => {
      onKill()
      void killGroup(memoryGroup)
    })
    return () => { this.#watch.remove(memoryGroup) }
  }
}

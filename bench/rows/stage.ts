import type { Endpoint } from '../load/messages.ts'
import { backendServer } from '../targets/backends.ts'
import type { Backend, BackendServer, Crossing, Started, Target } from '../targets/target.ts'

/** The targets of a group of rows, started side by side and left running, so that rounds can go A B C A B C. */
export interface Stage {
  /** The running target, started again if it died. @throws when it does not start. */
  readonly enter: (target: Target) => Promise<Started>
  /** Ends the target; entering starts another process. */
  readonly leave: (target: Target) => Promise<void>
  readonly close: () => Promise<void>
}

export function createStage (backend: Backend, crossing: Crossing = 'stdio'): Stage {
  const started = new Map<string, Started>()
  const servers = new Map<string, BackendServer[]>()
  const era = crossing.endsWith('modern') ? 'modern' : 'legacy'
  return {
    enter: async (target) => {
      const known = started.get(target.id)
      if (known?.process.alive() === true) return known
      const server = await backendServer(crossing, backend)
      servers.set(target.id, [...servers.get(target.id) ?? [], server])
      const { process, endpoint } = await target.start(server)
      const fresh: Started = { process, endpoint: crossing === 'plain' ? plainOf(endpoint) : { ...endpoint, era } }
      started.set(target.id, fresh)
      return fresh
    },
    leave: async (target) => { await end(target.id) },
    close: async () => { await Promise.all([...servers.keys()].map(end)) }
  }

  async function end (id: string): Promise<void> {
    await started.get(id)?.process.stop()
    started.delete(id)
    await Promise.all((servers.get(id) ?? []).map((server) => 'process' in server ? server.process.stop() : undefined))
    servers.delete(id)
  }
}

/** Where a gateway for MCP takes plain JSON calls of the same server. */
const plainOf = (endpoint: Endpoint): Endpoint => endpoint.kind === 'plain' ? endpoint : { ...endpoint, kind: 'plain', path: endpoint.path.replace(/\/mcp$/, '/tools') }

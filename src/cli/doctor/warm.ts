import type { ServerSettings } from '../../shared/settings/server.ts'
import { whyNoSpares } from '../../upstream/index.ts'
import { counted } from '../fault-lines.ts'
import { fine } from './finding.ts'
import type { Finding } from './finding.ts'

/** Servers that are to have spare workers: which can have them, as far as their entries tell. */
export function checkWarm (servers: Iterable<ServerSettings>): Finding[] {
  return [...servers].filter(({ transport, pool }) => transport === 'stdio' && pool.warm > 0).map(findingOf)
}

function findingOf (server: ServerSettings): Finding {
  const name = `warm ${server.name}`
  const reason = whyNoSpares(server)
  if (reason === undefined) return fine(name, false, `${counted(server.pool.warm, 'spare worker')} or more, by demand`)
  if (server.isolation === 'shared') return fine(name, false, reason)
  return { name, status: 'weak', required: false, found: `no spare workers: ${reason}`, fix: `take the template out of mcpServers.${server.name}, or leave pool.warm away; callers start their own workers then` }
}

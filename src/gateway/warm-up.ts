import { capabilitiesFor } from '../bridge/index.ts'
import { brandAs, type TenantId, type UserId } from '../shared/ids.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { ConnectionRequest } from '../upstream/index.ts'
import type { GatewayContext } from './context.ts'

/** Keeps spares from now on, and starts the one worker of servers that everybody shares, so that no caller waits for it. */
export function warmUp ({ connections, settings }: Pick<GatewayContext, 'connections' | 'settings'>): void {
  connections.warmUp()
  for (const server of settings.servers.values()) {
    if (server.transport !== 'stdio' || server.isolation !== 'shared' || server.pool.warm === 0) continue
    const place = connections.place(requestOfNobody(server))
    // That it cannot be started was told already; the next call tries again.
    place.ready().catch(() => undefined).finally(() => { place.release() }).catch(() => undefined)
  }
}

/** Whose request it is makes no difference to a shared worker: neither its key nor its owner nor what is declared to it. */
function requestOfNobody (server: ServerSettings): ConnectionRequest {
  return { server, era: 'legacy', tenant: brandAs<TenantId>(''), user: brandAs<UserId>(''), capabilities: capabilitiesFor(server, {}), sessionKey: undefined }
}

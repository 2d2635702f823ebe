import { hash } from 'node:crypto'
import type { Isolation, ServerSettings } from '../shared/settings/server.ts'
import { fingerprint } from './fingerprint.ts'
import { RememberedKeys } from './remembered-keys.ts'
import type { ConnectionRequest, EraVerdicts } from './types.ts'

const rememberedKeys = new RememberedKeys()

/**
 * Which worker a request belongs to. Two requests share a worker only if every part is equal; the parts are joined as
 * JSON, so no name can imitate a border (T19). The entry's own hash is always a part: a changed entry gets new workers.
 * @param perEra clients of either era get a connection of their own: see `isPerEra`
 */
export function workerKey (request: ConnectionRequest, uniqueCall: () => string, perEra = false): string {
  // One of its own is asked for once; all others with every request of the modern era, and hashing costs a microsecond each time.
  const isOwn = request.server.isolation === 'call' || request.sessionKey !== undefined
  return isOwn ? digestOf(request, uniqueCall, perEra) : rememberedKeys.of(request, perEra, () => digestOf(request, uniqueCall, perEra))
}

function digestOf (request: ConnectionRequest, uniqueCall: () => string, perEra: boolean): string {
  const { server } = request
  const parts = [server.name, server.entryHash, ...ownerParts(server.isolation, request, uniqueCall), ...(perEra ? ['era', request.era] : [])]
  return hash('sha256', JSON.stringify(parts))
}

/**
 * Does a server have one connection for clients of each era? Only Streamable HTTP servers, where a connection costs no
 * process, and where both sides can then match; not when it speaks one era anyway. HTTP+SSE is legacy by its nature.
 */
export function isPerEra (server: ServerSettings, verdicts: EraVerdicts): boolean {
  return server.transport === 'http' && verdicts.order(server, 'legacy').length > 1
}

function ownerParts (isolation: Isolation, request: ConnectionRequest, uniqueCall: () => string): string[] {
  switch (isolation) {
    case 'shared': return ['shared']
    case 'tenant': return ['tenant', request.tenant]
    case 'call': return ['call', uniqueCall()]
    case 'session':
      if (request.sessionKey !== undefined) return ['session', request.tenant, request.user, request.sessionKey]
      return userParts(request)
    case 'user': return userParts(request)
  }
}

function userParts (request: ConnectionRequest): string[] {
  const fixed = request.server.capabilities !== 'client'
  return ['user', request.tenant, request.user, fixed ? 'fixed' : fingerprint(request.capabilities)]
}

/**
 * Whom failed starts and crashes slow down: a user of a server (FR04). Not the worker key, which is new for each session or
 * call at those isolation levels, so that a broken server would be started again without end.
 */
export function startKey ({ server, tenant, user }: ConnectionRequest): string {
  switch (server.isolation) {
    case 'shared': return JSON.stringify([server.name, server.entryHash])
    case 'tenant': return JSON.stringify([server.name, server.entryHash, tenant])
    case 'user':
    case 'session':
    case 'call': return JSON.stringify([server.name, server.entryHash, tenant, user])
  }
}

/** What the start keys of all users of an entry begin with. */
export function startKeyPrefix ({ name, entryHash }: ServerSettings): string {
  return JSON.stringify([name, entryHash]).slice(0, -1)
}

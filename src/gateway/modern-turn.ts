import { bridgedCapabilities, type Relay } from '../bridge/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import type { Exchange, SessionRoute } from '../session/index.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import type { Caller, ModernRequest } from './context.ts'

/** One modern request with its way back. */
export interface ModernTurn {
  readonly caller: Caller
  readonly route: SessionRoute
  readonly request: ModernRequest
  /** What this request declares, as far as it is bridged. */
  readonly capabilities: JsonObject
  readonly exchange: Exchange
}

/** Makes the turn of a request. */
export function modernTurn (caller: Caller, route: SessionRoute, request: ModernRequest, exchange: Exchange): ModernTurn {
  return { caller, route, request, capabilities: bridgedCapabilities(request.meta.clientCapabilities), exchange }
}

/** Relays that one request uses, one for each server: all of them are let go when it is answered. */
export type Borrow = (server: ServerSettings) => Relay

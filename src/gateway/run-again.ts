import { ownCodeOf, type Reply } from '../protocol/index.ts'
import type { ServerSettings } from '../shared/settings/server.ts'
import { compilePatterns, type NameMatcher } from '../tenancy/index.ts'
import type { FeatureUse } from './use.ts'

const NONE: NameMatcher = () => false
/** Settings are frozen. */
const matchers = new WeakMap<ServerSettings, NameMatcher>()

/** Does the operator say that this may run twice (FR11)? What a server says of its tools is not believed. */
export function mayRunTwice ({ method, name, server }: FeatureUse): boolean {
  return method === 'tools/call' && server.tools.idempotent !== undefined && matcherOf(server)(name)
}

function matcherOf (server: ServerSettings): NameMatcher {
  let matcher = matchers.get(server)
  if (matcher === undefined) {
    const { idempotent = [] } = server.tools
    matchers.set(server, matcher = idempotent.length === 0 ? NONE : compilePatterns(idempotent))
  }
  return matcher
}

/** Did the server end with the call on it (FR01)? Over Streamable HTTP the connection itself sends again. */
export function isLost ({ transport }: ServerSettings, { error }: Reply): boolean {
  return transport !== 'http' && error !== undefined && ownCodeOf(error) === 'GW_UPSTREAM_LOST'
}

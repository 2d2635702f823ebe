import type { ServerName } from '../shared/ids.ts'
import type { Decision, FeatureKind } from './types.ts'

/** Remembered decisions of one principal. */
export interface DecisionMemo {
  get (server: ServerName, kind: FeatureKind, name: string): Decision | undefined
  set (server: ServerName, kind: FeatureKind, name: string, decision: Decision): void
}

/** Names are the caller's to invent: one principal keeps at most this many, about 200 KB, then starts afresh. */
const MAX_NAMES = 1024
/** Longer names (resource URIs, mostly) are decided anew each time, so that the bound above is one of bytes too. */
const MAX_NAME_CHARS = 256

/** Makes an empty memo. Nested maps instead of a joined key: a hit allocates nothing. */
export function createDecisionMemo (): DecisionMemo {
  const servers = new Map<ServerName, Record<FeatureKind, Map<string, Decision>>>()
  let names = 0
  return {
    get: (server, kind, name) => servers.get(server)?.[kind].get(name),
    set (server, kind, name, decision) {
      if (name.length > MAX_NAME_CHARS) return
      if (names >= MAX_NAMES) {
        servers.clear()
        names = 0
      }
      let kinds = servers.get(server)
      if (kinds === undefined) {
        kinds = { tool: new Map(), prompt: new Map(), resource: new Map() }
        servers.set(server, kinds)
      }
      kinds[kind].set(name, decision)
      names++
    }
  }
}

import type { IntrospectionSettings } from '../../shared/settings/auth.ts'
import { createIntrospector } from './introspector.ts'
import type { Introspector, IntrospectorParts } from './introspector.ts'

/** The authorization servers that are asked about tokens, and which of them about which. */
export interface Introspectors {
  readonly size: number
  /** For a token that names this issuer. */
  named (issuer: string): Introspector | undefined
  /** For a token that names nobody: by how it begins, else the one that claims no beginning. */
  forText (text: string): Introspector | undefined
  close (): void
}

/** Opens no connection yet. */
export function createIntrospectors (settings: readonly IntrospectionSettings[], parts: IntrospectorParts): Introspectors {
  const all = settings.map((entry) => ({ entry, introspector: createIntrospector(entry, parts) }))
  const rest = all.find(({ entry }) => entry.tokenPrefix === undefined)?.introspector
  const byIssuer = new Map(all.map(({ entry, introspector }) => [entry.issuer, introspector]))
  const byPrefix = all.flatMap(({ entry: { tokenPrefix }, introspector }) => tokenPrefix === undefined ? [] : [{ tokenPrefix, introspector }])
  return {
    size: all.length,
    named: (issuer) => byIssuer.get(issuer),
    forText: (text) => byPrefix.find(({ tokenPrefix }) => text.startsWith(tokenPrefix))?.introspector ?? rest,
    close () {
      for (const { introspector } of all) introspector.close()
    }
  }
}

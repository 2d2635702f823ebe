import { compilePatterns } from './pattern.ts'
import type { NameMatcher } from './pattern.ts'
import type { FeatureKind } from './types.ts'

/** What a credential's scopes open. Built once per principal. */
export interface ScopeGrants {
  /** May lists of this kind be read? */
  readonly list: Readonly<Record<FeatureKind, boolean>>
  /** May this be used? The name is `<server>__<name>` with both parts as the server wrote them. */
  readonly use: Readonly<Record<FeatureKind, NameMatcher>>
}

/** The scopes that would open the lists, for the challenge of a 403. */
export const LIST_SCOPES: Readonly<Record<FeatureKind, readonly string[]>> = Object.freeze({
  tool: Object.freeze(['tools:read']),
  prompt: Object.freeze(['prompts:read']),
  resource: Object.freeze(['resources:read'])
})

/**
 * The scopes that would open a use, for the challenge of a 403. The plain `tools:call` and not the narrow
 * `tools:call:<name>`: a name the caller made up must not reach a header, and authorization servers know the plain one.
 */
export const USE_SCOPES: Readonly<Record<FeatureKind, readonly string[]>> = Object.freeze({
  tool: Object.freeze(['tools:call']),
  prompt: LIST_SCOPES.prompt,
  resource: LIST_SCOPES.resource
})

const CALL = 'tools:call'
const CALL_PATTERN = 'tools:call:'

/**
 * Reads scopes: `tools:read`, `tools:call`, `tools:call:<pattern>` (over `<server>__<tool>`), `resources:read`,
 * `prompts:read`, `*`. Absent opens everything, `[]` nothing; an unknown scope opens nothing (rulings 2, T54).
 */
export function readScopes (scopes: readonly string[] | undefined): ScopeGrants {
  const held = new Set(scopes ?? ['*'])
  const holds = (scope: string): boolean => held.has('*') || held.has(scope)
  const list = { tool: holds('tools:read'), prompt: holds('prompts:read'), resource: holds('resources:read') }
  return {
    list,
    use: { tool: callMatcher(held), prompt: () => list.prompt, resource: () => list.resource }
  }
}

function callMatcher (held: ReadonlySet<string>): NameMatcher {
  if (held.has('*') || held.has(CALL)) return () => true
  const patterns = [...held].filter((scope) => scope.startsWith(CALL_PATTERN)).map((scope) => scope.slice(CALL_PATTERN.length))
  return compilePatterns(patterns)
}

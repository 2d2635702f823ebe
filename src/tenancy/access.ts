import type { ServerName } from '../shared/ids.ts'
import type { AccessSettings } from '../shared/settings/access.ts'
import { compilePatterns } from './pattern.ts'
import type { NameMatcher } from './pattern.ts'
import type { FeatureKind } from './types.ts'

/** The compiled allow and deny rules of a tenant or a role, over names that say their server. */
export interface Access {
  /** `undefined` = all. */
  readonly servers: ReadonlySet<ServerName> | undefined
  readonly allows: Readonly<Record<FeatureKind, NameMatcher>>
  readonly denies: Readonly<Record<FeatureKind, NameMatcher>>
}

/** A name as rules of tenants and roles write it: what the aggregate shows, before anything is shortened. */
export function qualifiedName (server: ServerName, kind: FeatureKind, name: string): string {
  return kind === 'resource' ? `${server}+${name}` : `${server}__${name}`
}

/** Compiles the rules; an absent allow-list allows everything and an empty one nothing (T05, rulings 2). */
export function compileAccess ({ servers, tools, prompts, resources }: AccessSettings): Access {
  const lists = { tool: tools, prompt: prompts, resource: resources }
  const each = <T>(make: (kind: FeatureKind) => T): Record<FeatureKind, T> => ({ tool: make('tool'), prompt: make('prompt'), resource: make('resource') })
  return {
    servers: servers === undefined ? undefined : new Set(servers),
    allows: each((kind) => {
      const allow = lists[kind]?.allow
      return allow === undefined ? () => true : compilePatterns(allow)
    }),
    denies: each((kind) => compilePatterns(lists[kind]?.deny ?? []))
  }
}

/** Whoever has no tenants and no roles configured. */
export const FULL_ACCESS: Access = compileAccess({ tools: { deny: [] } })

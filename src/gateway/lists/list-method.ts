import type { ListKind } from '../../routing/index.ts'
import type { FeatureKind } from '../../tenancy/index.ts'

/** A list method: what it answers with, which rules filter it, which capability offers it. */
export interface ListMethod { readonly method: string, readonly member: ListKind, readonly kind: FeatureKind, readonly capability: ListCapability }

/** Capabilities that offer lists. */
export type ListCapability = 'tools' | 'prompts' | 'resources'

/** tools/list: also read before the first call of a tool that no list has shown yet. */
export const TOOLS: ListMethod = { method: 'tools/list', member: 'tools', kind: 'tool', capability: 'tools' }
/** prompts/list, read for names that had to be shortened. */
export const PROMPTS: ListMethod = { method: 'prompts/list', member: 'prompts', kind: 'prompt', capability: 'prompts' }

const LISTS: readonly ListMethod[] = [
  TOOLS,
  PROMPTS,
  { method: 'resources/list', member: 'resources', kind: 'resource', capability: 'resources' },
  { method: 'resources/templates/list', member: 'resourceTemplates', kind: 'resource', capability: 'resources' }
]

/** The list that a method asks for; undefined = it asks for none. */
export function listOf (method: string): ListMethod | undefined {
  return LISTS.find((list) => list.method === method)
}

/** The lists that a capability's list_changed is about. */
export function listsOfCapability (capability: string): readonly ListMethod[] {
  return LISTS.filter((list) => list.capability === capability)
}

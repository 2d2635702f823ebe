import type { PatternRules } from '../shared/settings/access.ts'
import { compilePatterns } from './pattern.ts'
import type { NameMatcher } from './pattern.ts'

/**
 * Compiles an allow and a deny list into "may this name be seen and used?". Deny wins; an absent allow-list allows
 * everything and an empty one nothing, so that a list emptied by mistake closes instead of opening (T05, rulings 2).
 */
export function compileRules (rules: PatternRules): NameMatcher {
  const denied = compilePatterns(rules.deny)
  if (rules.allow === undefined) return (name) => !denied(name)
  const allowed = compilePatterns(rules.allow)
  return (name) => !denied(name) && allowed(name)
}

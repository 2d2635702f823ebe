import type { PatternRules } from '../shared/settings/access.ts'
import { ALL, compilePatterns, NONE } from './pattern.ts'
import type { NameMatcher } from './pattern.ts'

/**
 * Compiles an allow and a deny list into "may this name be seen and used?". Deny wins; an absent allow-list allows
 * everything and an empty one nothing, so that a list emptied by mistake closes instead of opening (T05, rulings 2).
 */
export function compileRules (rules: PatternRules): NameMatcher {
  const denied = compilePatterns(rules.deny)
  const allowed = rules.allow === undefined ? ALL : compilePatterns(rules.allow)
  if (denied === NONE) return allowed
  return (name) => !denied(name) && allowed(name)
}

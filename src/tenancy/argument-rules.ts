import { compileSchema } from '../schemas/index.ts'
import type { Mismatch } from '../schemas/index.ts'
import type { ArgumentRule } from '../shared/settings/access.ts'
import { compilePatterns } from './pattern.ts'
import type { NameMatcher } from './pattern.ts'
import type { ArgumentConditions } from './types.ts'

/** One rule, compiled. */
export interface CompiledRule {
  /** Over `<server>__<tool>`. */
  readonly names: NameMatcher
  readonly effect: 'allow' | 'deny'
  readonly message: string | undefined
  /** Members that the schema speaks of, for a message. */
  readonly about: readonly string[]
  /** `too costly` counts against the call, whatever the effect. */
  run (args: unknown): Mismatch | 'too costly' | undefined
}

/** Compiles rules; one that could not be run in bounded time, which config/ refuses, is one that nothing fits safely. */
export function compileArgumentRules (rules: readonly ArgumentRule[] = []): readonly CompiledRule[] {
  return rules.map((rule) => {
    const compiled = compileSchema(rule.arguments)
    const { properties, required } = rule.arguments
    const named = [...(Array.isArray(required) ? required : []), ...(typeof properties === 'object' && properties !== null ? Object.keys(properties) : [])]
    return {
      names: compilePatterns(rule.tools),
      effect: rule.effect,
      message: rule.message,
      about: [...new Set(named.filter((name) => typeof name === 'string'))],
      run: typeof compiled === 'string' ? () => 'too costly' : (args) => compiled.run(args)
    }
  })
}

/**
 * The conditions on one tool's arguments.
 * @param always rules of the tenant
 * @param roles rules of each role that opens the tool: one of them has to let the call through, and none may deny it
 * @param denying rules of the other roles, whose denials count all the same
 */
export function conditionsOf (tool: string, always: readonly CompiledRule[], roles: ReadonlyArray<readonly CompiledRule[]>, denying: readonly CompiledRule[]): ArgumentConditions | undefined {
  const about = (rules: readonly CompiledRule[], effect: CompiledRule['effect']): CompiledRule[] => rules.filter((rule) => rule.effect === effect && rule.names(tool))
  const denials = [...about(always, 'deny'), ...roles.flatMap((rules) => about(rules, 'deny')), ...about(denying, 'deny')]
  const own = about(always, 'allow')
  const ofRoles = roles.map((rules) => about(rules, 'allow'))
  // A role without such rules lets everything through.
  const anyOfRoles = ofRoles.some((rules) => rules.length === 0) ? [] : ofRoles.flat()
  if (denials.length + own.length + anyOfRoles.length === 0) return undefined
  return { refusal: (args) => denial(denials, args) ?? unfit(own, args) ?? unfit(anyOfRoles, args) }
}

function denial (rules: readonly CompiledRule[], args: unknown): string | undefined {
  for (const rule of rules) {
    const found = rule.run(args)
    if (found === undefined) return sentence(rule, rule.about.length === 0 ? undefined : rule.about.map(place).join(', '), 'these values are not allowed')
    if (found === 'too costly') return TOO_LARGE
  }
  return undefined
}

/** Undefined = one fits, or there are none. */
function unfit (rules: readonly CompiledRule[], args: unknown): string | undefined {
  let first: string | undefined
  for (const rule of rules) {
    const found = rule.run(args)
    if (found === undefined) return undefined
    first ??= found === 'too costly' ? TOO_LARGE : sentence(rule, found.path.length === 0 ? undefined : `arguments.${found.path.join('.')}`, `allowed is ${found.expected}`)
  }
  return first
}

const TOO_LARGE = 'The arguments are too large to be held to the rules of this gateway.'

function place (name: string): string {
  return `arguments.${name}`
}

function sentence ({ message }: CompiledRule, path: string | undefined, otherwise: string): string {
  return `${message ?? `A policy of this gateway does not allow these arguments: ${otherwise}`} (${path ?? 'arguments'})`
}

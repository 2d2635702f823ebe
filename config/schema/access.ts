import { Type } from 'typebox'
import type { Static } from 'typebox'
import { patternRules } from './rules.ts'
import { dictionary, strings, text } from './terms.ts'

const rule = Type.Object({
  tools: Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { minItems: 1, maxItems: 1000, description: 'Tools that the rule is about, as patterns over `<server>__<tool>`.' }),
  arguments: Type.Unsafe<Record<string, unknown>>({ type: 'object', description: 'JSON Schema (2020-12) over the arguments of a call; a call without arguments counts as {}.' }),
  effect: Type.Enum(['allow', 'deny'], { description: 'deny = calls whose arguments fit are refused. allow = of the tools that allow rules name, only calls that fit one of them go through. deny wins.' }),
  message: text('What the caller is told, followed by where. Default: what would have been allowed.', { maxLength: 500 })
}, { additionalProperties: false, description: 'A condition on the arguments of tools.' })

/** What tenants and roles have in common. */
export const access = {
  servers: strings('Servers that may be used. Absent = all, `[]` = none.'),
  tools: patternRules('Which tools may be used, as patterns over `<server>__<tool>`.'),
  prompts: patternRules('Which prompts may be used, as patterns over `<server>__<prompt>`.'),
  resources: patternRules('Which resources may be used, as patterns over `<server>+<uri>`; templates are held to them as they are written.'),
  rules: Type.Optional(Type.Array(rule, { maxItems: 1000, description: 'Conditions on arguments.' }))
}

const role = Type.Object({
  ...access,
  scopes: strings('Scopes that the role opens, inside those of the credential. Absent = all, `[]` = none.')
}, { additionalProperties: false, description: 'A role: what whoever has it may do, inside what the tenant and the scopes of the credential allow.' })

/** `roles` of the file and of a tenant. */
export const roles = (description: string) => Type.Optional(dictionary(role, { description }))

/** A role as it stands in a file. */
export type RoleEntry = Static<typeof role>
/** A rule about arguments as it stands in a file. */
export type ArgumentRuleEntry = Static<typeof rule>

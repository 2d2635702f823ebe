import type { ServerName } from '../ids.ts'

/** Which names of tools, prompts or resources are there. `deny` wins. */
export interface PatternRules {
  /** Absent = everything; `[]` = nothing. `*` matches any run of characters. */
  readonly allow?: readonly string[]
  readonly deny: readonly string[]
}

/** One condition on the arguments of some tools. */
export interface ArgumentRule {
  /** Patterns over `<server>__<tool>`. */
  readonly tools: readonly string[]
  /** JSON Schema over the arguments; one that src/schemas runs inline. */
  readonly arguments: Readonly<Record<string, unknown>>
  /** `deny`: calls whose arguments fit are refused. `allow`: of the tools that such rules name, only calls that fit one of them go through. */
  readonly effect: 'allow' | 'deny'
  /** What the caller is told. Absent = where the arguments differ from the rule. */
  readonly message?: string
}

/** What a tenant as a whole, or a role in it, may see and use. */
export interface AccessSettings {
  /** Absent = all; `[]` = none. */
  readonly servers?: readonly ServerName[]
  /** Patterns over `<server>__<tool>` names. */
  readonly tools: PatternRules
  /** Patterns over `<server>__<prompt>` names. Absent = everything. */
  readonly prompts?: PatternRules
  /** Patterns over `<server>+<uri>`, URI templates included. Absent = everything. */
  readonly resources?: PatternRules
  /** Absent = none. */
  readonly rules?: readonly ArgumentRule[]
}

/** What whoever has the role may do, inside what the tenant and the credential's scopes allow. */
export interface RoleSettings extends AccessSettings {
  /** Absent = all; `[]` = none. */
  readonly scopes?: readonly string[]
}

import type { ErrorCode } from '../shared/errors.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Principal } from '../shared/principal.ts'

/** What a rule may be about. Prompts and resources follow the same rules as tools, with their own lists. */
export type FeatureKind = 'tool' | 'prompt' | 'resource'

export interface PolicyRefusal {
  /** GW_AUTH_SCOPE (403 before admission), or the GW_ROUTE_* row that makes hidden equal to unknown (T25). */
  readonly code: Extract<ErrorCode, 'GW_AUTH_SCOPE' | 'GW_ROUTE_SERVER' | 'GW_ROUTE_TOOL' | 'GW_ROUTE_PROMPT' | 'GW_ROUTE_RESOURCE'>
  /** All scopes the operation needs, for the challenge; only with GW_AUTH_SCOPE. */
  readonly scopes?: readonly string[]
}

/** Conditions on the arguments of one tool, for one principal. */
export interface ArgumentConditions {
  /** What the caller is told of arguments that may not be; undefined = they may. Synchronous and bounded, never throws. */
  refusal (args: unknown): string | undefined
}

/** Everything about one name, so that the filter of lists and the enforcement of calls cannot part (T54). */
export interface Decision {
  /** Visible and callable as far as allow and deny rules go (scopes aside): the list filter. */
  readonly visible: boolean
  /** Everything for one use, in the order of rulings 2: server, scope, visibility. `undefined` = granted. */
  readonly refusal: PolicyRefusal | undefined
  /** Of a tool that may be called: what its arguments have to be. `undefined` = they do not matter. */
  readonly conditions: ArgumentConditions | undefined
}

/**
 * Who may see and use what. The filter of lists and the enforcement of calls are the same function, so what is hidden is
 * also refused (T54). Deny wins; an empty allow-list denies everything.
 */
export interface Policy {
  /** Is the principal's tenant known here? False = 403 (rulings 2). */
  tenantKnown (principal: Principal): boolean
  /** Servers this principal may use, in the order of the config. */
  servers (principal: Principal): readonly ServerName[]
  mayUseServer (principal: Principal, server: ServerName): boolean
  /** Does the principal hold the scope for listing this kind? `undefined` = yes, otherwise the scopes needed. */
  missingListScope (principal: Principal, kind: FeatureKind): readonly string[] | undefined
  /** The whole decision about one name: remembered, so cheap enough for each call. */
  decision (principal: Principal, server: ServerName, kind: FeatureKind, name: string): Decision
  /** {@link Decision.visible} */
  visible (principal: Principal, server: ServerName, kind: FeatureKind, name: string): boolean
  /** {@link Decision.refusal} */
  refusal (principal: Principal, server: ServerName, kind: FeatureKind, name: string): PolicyRefusal | undefined
}

/**
 * Tenancy: a principal's tenant, roles, servers, tools, prompts and resources.
 *
 * Owns the compiled allow and deny rules, the meaning of roles and scopes, conditions on arguments, the question to a decision point of the operator's own, and the one decision that
 * both filters lists and refuses calls: what the tenant may, and one of the roles, and the scopes. Must never do I/O but that question, never read a credential, never tell a hidden name from an unknown one (T25).
 * Called by gateway/ on every call and every list, and by routes/ for the server in the URL.
 *
 * Binding: rulings 2 (order of refusals, empty lists), RFC 6750 3.1 (insufficient_scope), MCP 2025-11-25 authorization
 * (scope challenges), T25, T53, T54.
 *
 * Fails closed and never throws: an unknown tenant has no servers, an unknown scope or role opens nothing, an empty allow-list
 * allows nothing. Refusals are returned with their catalogue code; the caller counts them.
 */
export { compilePatterns } from './pattern.ts'
export type { NameMatcher } from './pattern.ts'
export { createDecisionPoint } from './hook/decision-point.ts'
export type { Answer, DecisionEvents, DecisionPoint } from './hook/decision-point.ts'
export { createPolicy } from './policy.ts'
export type { ArgumentConditions, Decision, FeatureKind, Policy, PolicyRefusal } from './types.ts'

/**
 * routing: the names and URIs of the aggregate endpoint, and the way back from them to a server.
 *
 * Owns: aggregate names and URIs, lists under them, and the rewriting of what goes to a server and comes back from it.
 * Must never: decide who may use what (tenancy does; routing resolves only within the servers it is handed), change an
 * object that a server sent, touch what it does not have to rename.
 * Called by: gateway, for /mcp, /sse and the plain JSON routes beside them.
 * Bound by: rulings 5; MCP tools, prompts, resources and completion (2024-11-05 to 2025-11-25); MCP Apps; T25.
 * Fails: never throws on input; a name that leads nowhere is undefined, and callers answer with the GW_ROUTE_* rows.
 * Metrics: none.
 */
export { aggregateName, looksHashed, serverOfName } from './aggregate-name.ts'
export { createNameIndex } from './name-index.ts'
export type { NameIndex } from './name-index.ts'
export { aggregateUri, splitAggregateUri } from './aggregate-uri.ts'
export { aggregateItems, identityOf, isAppOnly } from './aggregate-items.ts'
export type { ListKind } from './aggregate-items.ts'
export { rewriteParams } from './rewrite-params.ts'
export { rewriteResult } from './rewrite-result.ts'

/**
 * Bounds on one request body besides its length. Real MCP requests stay far below them; each keeps one cheap request
 * from costing much CPU or stack.
 */

/** Deepest nesting of arrays and objects in a body, the outermost counting as 1 (T30). */
export const MAX_DEPTH = 64

/** Most object members in a body, over all levels (T30). */
export const MAX_KEYS = 10_000

/** Most messages in one batch: each is charged and run on its own (rulings 3 and 4). */
export const MAX_BATCH = 50

/** Longest `method` in characters; the longest of MCP has 37. It becomes a log field and a map key. */
export const MAX_METHOD_LENGTH = 256

/** Longest string id in characters (T33). It is kept for as long as the call runs. */
export const MAX_ID_LENGTH = 256

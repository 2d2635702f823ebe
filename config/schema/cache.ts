import { Type } from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { count, flag, millis } from './terms.ts'

/** Five minutes: longer than what any server may ask for (T23). */
const MAX_LIST_MS = 300_000

/** `cache` of the file. */
export const cache = Type.Optional(Type.Object({
  listTtlMs: count('Lists of a server that gives no time for them are reused for so long, for the same caller. Milliseconds; 0 = never.', DEFAULTS.cache.listTtlMs, 0, MAX_LIST_MS),
  maxBytes: count('Most memory for what is kept, in one process. Bytes.', DEFAULTS.cache.maxBytes, 1_048_576, 17_179_869_184)
}, { additionalProperties: false, description: 'Reuse of lists, contents of resources and results, per identity.' }))

/** `cache` of a server. */
export const serverCache = Type.Optional(Type.Object({
  listTtlMs: count('In place of cache.listTtlMs, for this server. Milliseconds; 0 = never.', undefined, 0, MAX_LIST_MS),
  readTtlMs: millis('Contents of resources for which the server gives no time are reused for so long, for the same caller, unless they use a tool meanwhile. 0 = never.', 0, 0),
  public: flag('Answers that the server calls public (cacheScope of 2026-07-28) are reused for all users of the tenant. Only for servers that are trusted to know.', false)
}, { additionalProperties: false, description: 'Reuse of what this server answers.' }))

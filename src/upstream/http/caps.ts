/** Bounds on what one upstream server may make the gateway hold or do (T48). All in bytes unless the name says otherwise. */

/** A reply as application/json. */
export const MAX_JSON_BYTES = 16 * 2 ** 20

/** One event of a stream, its lines together. */
export const MAX_EVENT_BYTES = 4 * 2 ** 20

/** Everything on the stream of one call, comments and messages of any kind included. Resumed streams count anew. */
export const MAX_CALL_STREAM_BYTES = 64 * 2 ** 20

/** The body of a refusal; what is longer is taken for no JSON-RPC error and not read. */
export const MAX_REFUSAL_BYTES = 64 * 2 ** 10

/** Connections to one server for one worker key at a time: calls, streams and what is told beside them. */
export const MAX_CONNECTIONS = 1024

/** Calls at once; the rest of the connections is for streams and answers, so that calls that wait for those can go on. */
export const MAX_CALLS = 768

/** Notifications and answers on their way at once; more are dropped. */
export const MAX_ERRANDS = 192

/** How long the server may take to take note of a notification or an answer, in milliseconds. */
export const ERRAND_MS = 10_000

/** How long the end of a session may keep a closing connection waiting, in milliseconds. */
export const FAREWELL_MS = 2000

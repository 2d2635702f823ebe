/** Between two tries when the server says nothing about it (WHATWG server-sent events leave it to us). */
const DEFAULT_MS = 1000
/** A server's `retry` is kept within these: neither hammered nor forgotten. */
const MIN_MS = 50
const MAX_MS = 60_000
/** Fruitless tries double the wait up to this. */
const MAX_BACKOFF_MS = 30_000

/**
 * Milliseconds until a stream that ended is taken up again. Never shorter than the server asked for (SEP-1699), and up to a
 * quarter longer, so that the clients of a server that restarted do not all come at once.
 * @param retryMs the server's newest `retry`, if any
 * @param fruitless tries in a row that brought nothing
 * @param random 0 <= x < 1
 */
export function reconnectDelayMs (retryMs: number | undefined, fruitless: number, random: () => number = Math.random): number {
  const asked = Math.min(MAX_MS, Math.max(MIN_MS, retryMs ?? DEFAULT_MS))
  const backedOff = fruitless === 0 ? 0 : Math.min(MAX_BACKOFF_MS, DEFAULT_MS * 2 ** (fruitless - 1))
  return Math.max(asked, backedOff) * (1 + random() / 4)
}

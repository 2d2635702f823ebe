/** Idle connections end before common servers end them (5 s), so that no request meets a closing one. */
const IDLE_MS = 4_000
/** A server that names a time of its own is given the lead of this, for what is under way. */
const LEAD_MS = 2_000

/**
 * How long a connection may be idle, in milliseconds; 0 = not at all.
 * @param keepAlive the server's own word on it: `Keep-Alive` of its newest answer
 */
export function idleMs (keepAlive: string | undefined): number {
  const timeout = keepAlive === undefined ? null : /\btimeout=([0-9]{1,6})(?![0-9])/i.exec(keepAlive)
  return timeout === null ? IDLE_MS : Math.max(0, Number(timeout[1]) * 1000 - LEAD_MS)
}

import type { Settings } from '../../src/shared/settings.ts'

/** What is read once, when the gateway starts: listeners, the edge, what is shared with others, where state lies. */
const AT_START = ['mode', 'listen', 'management', 'http', 'secret', 'redis', 'replica', 'audit', 'cache', 'processes', 'stateDir', 'packages', 'logLevel', 'drainMs'] as const

/** A snapshot that the running gateway can take over, and what of the new file has to wait for a restart. */
export interface Reloadable {
  readonly settings: Settings
  /** Keys as the file writes them. */
  readonly waiting: readonly string[]
}

/** The newer snapshot, with what is read at the start only as it was then. */
export function reloadable (running: Settings, next: Settings): Reloadable {
  const waiting: string[] = AT_START.filter((key) => !isSame(running[key], next[key]))
  const kept = Object.fromEntries(AT_START.map((key) => [key, running[key]]).filter(([, value]) => value !== undefined))
  const { oauth: _next, ...auth } = next.auth
  if (!isSame(running.auth.oauth, next.auth.oauth)) waiting.push('auth.oauth')
  if (running.limits.ipRequestsPerMinute !== next.limits.ipRequestsPerMinute) waiting.push('limits.ipRequestsPerMinute')
  const others = Object.fromEntries(Object.entries(next).filter(([key]) => !(AT_START as readonly string[]).includes(key)))
  return {
    waiting,
    settings: Object.freeze({
      ...others,
      ...kept,
      auth: { ...auth, ...(running.auth.oauth === undefined ? {} : { oauth: running.auth.oauth }) },
      limits: { ...next.limits, ipRequestsPerMinute: running.limits.ipRequestsPerMinute }
    }) as Settings
  }
}

/** Do two snapshots say the same, whatever their number? */
export function saysTheSame (one: Settings, other: Settings): boolean {
  return isSame({ ...one, revision: 0, warnings: [] }, { ...other, revision: 0, warnings: [] })
}

function isSame (one: unknown, other: unknown): boolean {
  return asText(one) === asText(other)
}

function asText (value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) => part instanceof Map ? [...part] : part)
}

import { fileURLToPath } from 'node:url'
import type { ServerEntry } from './programs.ts'

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** More entry keys (`isolation`, `pool`, …) beside the environment of the child. */
export interface EntryOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  readonly [key: string]: unknown
}

/** The well-behaved server that reports what reached it (probe-server.mjs). */
export function probe ({ args = [], env = {}, ...more }: EntryOptions = {}): ServerEntry {
  return { command: process.execPath, args: [fileOf('probe-server.mjs'), ...args], env, ...more }
}

/** The server that breaks rules (unruly-server.mjs). */
export function unruly ({ args = [], env = {}, ...more }: EntryOptions = {}): ServerEntry {
  return { command: process.execPath, args: [fileOf('unruly-server.mjs'), ...args], env, ...more }
}

/** The same behind a shell, as `npx` and wrapper scripts do: the server is a grandchild of the gateway. */
export function behindShell (entry: ServerEntry): ServerEntry {
  // The `true` after it keeps the shell from replacing itself with the server.
  return { ...entry, command: '/bin/sh', args: ['-c', '"$0" "$@"; true', entry.command, ...entry.args] }
}

/** Limits out of the way of tests that are about something else. */
export const roomyLimits = {
  callsPerMinute: 1_000_000, requestsPerMinute: 1_000_000, initializePerMinute: 1_000_000, concurrentCalls: 10_000, ipRequestsPerMinute: 1_000_000
}

/** Workers of one server as many as a test of many users needs. */
export const roomyPool = { max: 400, maxPerTenant: 400 }

/** `count` users `u0`, `u1`, … spread over the tenants. */
export function manyUsers (count: number, tenants: readonly string[] = ['acme']): Array<{ tenant: string, user: string }> {
  return Array.from({ length: count }, (_, index) => ({ tenant: tenants[index % tenants.length] ?? 'acme', user: `u${index}` }))
}

import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { textOf, type LegacyWire } from './legacy-wire.ts'
import type { ServerEntry } from './programs.ts'

const SERVER = fileURLToPath(new URL('inmate-server.mjs', import.meta.url))

/** An entry whose server runs what a test tells it to (inmate-server.mjs), contained as `sandbox` says. */
export function inmate (sandbox: Readonly<Record<string, unknown>>, { args = [], ...more }: { readonly args?: readonly string[], readonly [key: string]: unknown } = {}): ServerEntry {
  return { command: process.execPath, args: [SERVER, ...args], sandbox, ...more }
}

/**
 * Runs the body of an async function in the worker of an open session. `fs` is in scope; `load` imports other modules.
 * @returns what it returned, or `{ failed }` with the error's code
 */
export async function inside (wire: LegacyWire, code: string): Promise<unknown> {
  const reply = await wire.call('run', { code })
  const text = textOf(reply)
  return reply.result?.['isError'] === true ? { failed: text } : JSON.parse(text)
}

/** Asserts that code fails inside with one of these error codes. */
export async function refusedInside (wire: LegacyWire, code: string, ...errors: readonly string[]): Promise<void> {
  const result = await inside(wire, code) as { failed?: string }
  assert.ok(result?.failed !== undefined && errors.includes(result.failed), `${code}: ${JSON.stringify(result)}`)
}

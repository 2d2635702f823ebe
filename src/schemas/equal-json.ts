import { spend } from './types.ts'
import type { Run } from './types.ts'

/** Are two JSON values equal? Each pair that is compared is a step of the run. */
export function equalJson (one: unknown, other: unknown, run: Run): boolean {
  spend(run, 1)
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((item, at) => equalJson(item, other[at], run))
  if (Array.isArray(other)) return false
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && equalJson((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name], run))
}

/** Longest spelling of a value or name in a message. */
const MAX_CHARS = 80

/** A value of a schema as a message may show it. */
export function spelled (value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text
}

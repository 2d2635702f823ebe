import { hash } from 'node:crypto'

/** One name for several parts, which nothing else has: joined as JSON, so that no part can imitate a border (T22). SHA-256 as base64url. */
export function digestOf (parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url')
}

/**
 * The text that equal values of JSON have in common, however their members are ordered. For what came out of JSON.parse:
 * undefined members count as absent.
 * @throws RangeError when it is nested beyond the stack
 */
export function canonicalText (value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    const sorted: Array<[string, unknown]> = []
    for (const key of Object.keys(member).sort()) sorted.push([key, (member as Record<string, unknown>)[key]])
    // Not assigned: `__proto__` is a name like others (T36). Names of digits come first in any order, which is an order.
    return Object.fromEntries(sorted)
  }) ?? ''
}

import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'

/** Longest time any setting may hold: a day. Timers of the runtime end at 24.8 days. */
export const MAX_MS = 86_400_000

/** Keywords of our own in the schema: what a fault says was expected, and what a used key makes the gateway warn of. */
export const ANNOTATIONS = ['x-expected', 'x-notice'] as const

/** An object of free names whose values all have one shape. Unlike `Type.Record` it also covers names with line breaks. */
export function dictionary<T extends TSchema> (values: T, options: { description: string, 'x-expected'?: string, 'x-notice'?: string }) {
  return Type.Unsafe<Record<string, Static<T>>>({ type: 'object', additionalProperties: values, ...options })
}

/** A key whose name is taken for a later version: accepted in any shape, never silently meaningless. */
export function reserved (description: string) {
  return Type.Optional(Type.Unknown({
    description: `Reserved, not effective in this version. ${description}`,
    'x-notice': 'is reserved: this version accepts it and does nothing with it'
  }))
}

/** An optional whole number with its default. */
export function count (description: string, defaultValue: number | undefined, minimum = 1, maximum = 1_000_000_000) {
  return Type.Optional(Type.Integer({ description, minimum, maximum, ...(defaultValue === undefined ? {} : { default: defaultValue }) }))
}

/** An optional time in milliseconds with its default, if it has one. */
export function millis (description: string, defaultValue: number | undefined, minimum = 1) {
  return count(`${description} Milliseconds.`, defaultValue, minimum, MAX_MS)
}

/** An optional switch with its default. */
export function flag (description: string, defaultValue?: boolean) {
  return Type.Optional(Type.Boolean({ description, ...(defaultValue === undefined ? {} : { default: defaultValue }) }))
}

/** An optional list of non-empty strings. */
export function strings (description: string, options: { default?: string[], 'x-notice'?: string } = {}) {
  return Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { description, maxItems: 10_000, ...options }))
}

/** An optional non-empty string. */
export function text (description: string, options: { default?: string, maxLength?: number, pattern?: string, 'x-expected'?: string, minLength?: number } = {}) {
  return Type.Optional(Type.String({ minLength: 1, maxLength: 4096, description, ...options }))
}

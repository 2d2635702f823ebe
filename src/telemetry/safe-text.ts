import { redact } from './redact.ts'

/** Longest caller-supplied text in a log line, in characters: names beyond it are an attack or a mistake (T58). */
export const MAX_FIELD_CHARS = 256
/** Text beyond this is not even looked at: it would be cut anyway, and masking costs time per character. */
const MAX_LOOKED_AT_CHARS = 4096

/** Characters that break lines or steer terminals: controls, DEL, C1, NEL, line and paragraph separators, bidi controls. */
// eslint-disable-next-line no-control-regex -- finding them is the point
const STEERING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/
const STEERING_ALL = new RegExp(STEERING.source, 'g')

/** Text of unknown origin as it may stand in a log: credentials masked, steering characters written as `\uXXXX`, cut to `maxChars`. */
export function safeText (text: string, maxChars = MAX_FIELD_CHARS): string {
  const masked = redact(text.length > MAX_LOOKED_AT_CHARS ? text.slice(0, MAX_LOOKED_AT_CHARS) : text)
  const escaped = escapeSteering(masked)
  return escaped.length > maxChars ? `${escaped.slice(0, maxChars - 1)}…` : escaped
}

/** Does the text hold a character that breaks lines or steers terminals? */
export function hasSteering (text: string): boolean {
  return STEERING.test(text)
}

/** The text with such characters written as `\uXXXX`. */
export function escapeSteering (text: string): string {
  return STEERING.test(text) ? text.replace(STEERING_ALL, escape) : text
}

function escape (character: string): string {
  return '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0')
}

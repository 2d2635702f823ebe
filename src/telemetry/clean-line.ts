import { isSuspect, redact } from './redact.ts'
import { escapeSteering, hasSteering } from './safe-text.ts'

/**
 * A JSON log line with credentials masked and steering characters escaped in every string of it, whoever put them there.
 * Lines without anything suspicious, nearly all, come back as they are.
 */
export function cleanLine (line: string): string {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line
  if (!isSuspect(text) && !hasSteering(text) && !text.includes('\\u')) return line
  try {
    return JSON.stringify(clean(JSON.parse(text))) + '\n'
  } catch {
    return '{"level":"error","msg":"a log line could not be cleaned and was left out"}\n'
  }
}

function clean (value: unknown): unknown {
  if (typeof value === 'string') return escapeSteering(redact(value))
  if (Array.isArray(value)) return value.map(clean)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, clean(member)]))
}

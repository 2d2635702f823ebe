import type { JsonObject } from '../protocol/index.ts'

/** The part of the capabilities that changes what servers offer, and nothing else (rulings 1). */
const FINGERPRINTED: ReadonlyArray<readonly string[]> = [
  ['sampling'], ['sampling', 'tools'], ['elicitation', 'form'], ['elicitation', 'url'], ['roots'], ['extensions', 'io.modelcontextprotocol/ui']
]

const NOTHING = FINGERPRINTED.map(() => '0').join('')

/** A short text that is equal for capabilities that servers cannot tell apart. */
export function fingerprint (capabilities: JsonObject): string {
  if (Object.keys(capabilities).length === 0) return NOTHING
  return FINGERPRINTED.map((path) => hasPath(capabilities, path) ? '1' : '0').join('')
}

function hasPath (value: unknown, path: readonly string[]): boolean {
  let at: unknown = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return false
    // `elicitation: {}` means form mode (MCP 2025-06-18).
    if (step === 'form' && Object.keys(at).length === 0) return true
    at = (at as JsonObject)[step]
    if (at === undefined) return false
  }
  return true
}

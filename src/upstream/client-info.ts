import type { JsonObject } from '../protocol/index.ts'

/**
 * Who we say we are, as MCP's Implementation: the gateway itself, in initialize and in every modern request. What its clients
 * call themselves stays with it (T14).
 */
export function clientInfo (version: string): JsonObject {
  return { name: 'drawbridge', version }
}

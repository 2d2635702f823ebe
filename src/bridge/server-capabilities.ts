import { isJsonObject, type JsonObject } from '../protocol/index.ts'
import type { Connection } from '../upstream/index.ts'

/** What a server said it has, as an object. */
export function capabilitiesOf (connection: Connection): JsonObject {
  const capabilities = connection.initializeResult['capabilities']
  return isJsonObject(capabilities) ? capabilities : {}
}

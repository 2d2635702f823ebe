import type { FaceRewrite } from '../bridge/index.ts'
import type { JsonObject } from '../protocol/index.ts'
import { aggregateUri } from '../routing/index.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Policy } from '../tenancy/index.ts'

/**
 * How what a server says unasked is shown to a client: nothing of resources that its principal may not see (T25), and on
 * the aggregate under the names that its lists gave.
 */
export function createFace (policy: Policy, server: ServerName): FaceRewrite {
  return {
    notification (client, method, params) {
      const isUpdate = method === 'notifications/resources/updated' && typeof params?.['uri'] === 'string'
      if (isUpdate && !policy.visible(client.principal, server, 'resource', params['uri'] as string)) return null
      return client.route.kind === 'server' || params === undefined ? params : renamed(server, method, params)
    }
  }
}

function renamed (server: ServerName, method: string, params: JsonObject): JsonObject {
  const { uri, logger } = params
  if (method === 'notifications/resources/updated' && typeof uri === 'string') return { ...params, uri: aggregateUri(server, uri) }
  if (method === 'notifications/message') return { ...params, logger: typeof logger === 'string' ? `${server}/${logger}` : server }
  return params
}

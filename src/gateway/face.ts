import type { FaceRewrite, TaskIds } from '../bridge/index.ts'
import { isJsonObject, META, type JsonObject } from '../protocol/index.ts'
import { aggregateUri } from '../routing/index.ts'
import type { ServerName } from '../shared/ids.ts'
import type { Policy } from '../tenancy/index.ts'

/** The task notifications of both eras. */
const TASK_NEWS = new Set(['notifications/tasks/status', 'notifications/tasks'])

/**
 * How what a server says and asks is shown to a client: nothing of resources that its principal may not see (T25), nothing of
 * other users' tasks (T20), and on the aggregate under the names that its lists gave.
 */
export function createFace (policy: Policy, tasks: TaskIds, server: ServerName): FaceRewrite {
  return {
    notification (client, method, params, owners) {
      if (TASK_NEWS.has(method)) {
        const tool = owners.toolOf(params?.['taskId'], client.principal.userKey)
        return tool === undefined || params === undefined ? null : tasks.sealedIn(client.principal, server, tool, params)
      }
      const isUpdate = method === 'notifications/resources/updated' && typeof params?.['uri'] === 'string'
      if (isUpdate && !policy.visible(client.principal, server, 'resource', params['uri'] as string)) return null
      return client.route.kind === 'server' || params === undefined ? params : renamed(server, method, params)
    },
    question (client, params, owners) {
      const meta = params?.['_meta']
      const related = isJsonObject(meta) ? meta[META.relatedTask] : undefined
      if (params === undefined || !isJsonObject(related)) return params
      const tool = owners.toolOf(related['taskId'], client.principal.userKey)
      if (tool !== undefined) return tasks.sealedInMeta(client.principal, server, tool, params)
      // A task that was made for this gateway's own sake: its client knows of none.
      const { [META.relatedTask]: _hidden, ...others } = meta as JsonObject
      return { ...params, _meta: others }
    }
  }
}

function renamed (server: ServerName, method: string, params: JsonObject): JsonObject {
  const { uri, logger } = params
  if (method === 'notifications/resources/updated' && typeof uri === 'string') return { ...params, uri: aggregateUri(server, uri) }
  if (method === 'notifications/message') return { ...params, logger: typeof logger === 'string' ? `${server}/${logger}` : server }
  return params
}

import type { FaceRewrite } from '../bridge/index.ts'
import { aggregateUri } from '../routing/index.ts'
import type { ServerName } from '../shared/ids.ts'

/** What a server says unasked is renamed for sessions of the aggregate, so that URIs match the lists they got. */
export function aggregateFace (server: ServerName): FaceRewrite {
  return {
    notification (session, method, params) {
      if (session.route.kind === 'server' || params === undefined) return params
      if (method === 'notifications/resources/updated' && typeof params['uri'] === 'string') {
        return { ...params, uri: aggregateUri(server, params['uri']) }
      }
      if (method === 'notifications/message') {
        const logger = params['logger']
        return { ...params, logger: typeof logger === 'string' ? `${server}/${logger}` : server }
      }
      return params
    }
  }
}

import type { SharedSessions } from '../../src/gateway/index.ts'
import { createSessionStore } from '../../src/redis/index.ts'
import type { Telemetry } from '../../src/telemetry/index.ts'
import type { SharedState } from '../compose-redis.ts'
import type { ReplicaLinks } from './replica-links.ts'

/** Sessions that replicas take over from each other. @returns undefined = this gateway serves alone */
export function composeSessions (links: ReplicaLinks | undefined, shared: SharedState | undefined, telemetry: Telemetry): SharedSessions | undefined {
  if (links === undefined || shared === undefined) return undefined
  const { replicas } = links
  const self = replicas.self.instance
  const reopened = telemetry.count('sessions_reopened_total')
  return {
    store: createSessionStore({ ...shared, self }),
    isHolder: (instance) => instance !== self && replicas.instance(instance) !== undefined,
    onReopened: () => { reopened.inc() }
  }
}

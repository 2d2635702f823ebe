import { randomId } from '../shared/ids.ts'
import { INSTANCE_CHARS, type Replica } from './types.ts'

/** What the operator may call a replica (Settings.replica.name): a load balancer reads it up to the first hyphen (rulings 7). */
const MAX_NAME_CHARS = 16

/** `<name>-<instance><256 random bits>`: who made it can be read from it by anybody, and is no secret (T03). */
export function taggedId ({ name, instance }: Pick<Replica, 'name' | 'instance'>): string {
  return `${name}-${instance}${randomId()}`
}

/** The instance that an id says made it; undefined = no id of a replica. A claim of whoever holds the id: good for routing, and for nothing else. */
export function instanceOf (sessionId: string): string | undefined {
  const dash = sessionId.indexOf('-')
  if (dash < 1 || dash > MAX_NAME_CHARS) return undefined
  const instance = sessionId.slice(dash + 1, dash + 1 + INSTANCE_CHARS)
  return instance.length === INSTANCE_CHARS ? instance : undefined
}

import { ownCodeOf, type Reply } from '../protocol/index.ts'
import type { ErrorCode } from '../shared/errors.ts'

/** Why a call that was admitted ended without an answer of its server. */
export type CallFailure = 'internal' | 'overloaded' | 'no_worker' | 'draining' | 'unavailable' | 'start' | 'lost' | 'deadline' | 'protocol' | 'credential'

const BY_CODE: Readonly<Partial<Record<ErrorCode, CallFailure>>> = {
  GW_INTERNAL: 'internal',
  GW_OVERLOADED: 'overloaded',
  GW_LIMIT_IN_FLIGHT: 'overloaded',
  GW_LIMIT_WORKERS: 'no_worker',
  GW_DRAINING: 'draining',
  GW_UPSTREAM_UNAVAILABLE: 'unavailable',
  GW_UPSTREAM_START: 'start',
  GW_UPSTREAM_LOST: 'lost',
  GW_UPSTREAM_DEADLINE: 'deadline',
  GW_UPSTREAM_PROTOCOL: 'protocol',
  GW_UPSTREAM_AUTH: 'credential'
}

/** Why the gateway answered in the server's place; undefined for whatever the server itself said, its own errors included. */
export function failureOf ({ error }: Reply): CallFailure | undefined {
  const code = error === undefined ? undefined : ownCodeOf(error)
  return code === undefined ? undefined : BY_CODE[code]
}

import type { Reply } from '../protocol/index.ts'
import { ERRORS, type ErrorCode } from '../shared/errors.ts'

/** Why a call that was admitted ended without an answer of its server. */
export type CallFailure = 'internal' | 'overloaded' | 'no_worker' | 'draining' | 'unavailable' | 'start' | 'lost' | 'deadline' | 'protocol' | 'credential'

const BY_CODE = {
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
} as const satisfies Partial<Record<ErrorCode, CallFailure>>

/** A JSON-RPC number stands for several rows of the catalogue; the sentence tells which. */
const BY_SENTENCE: ReadonlyMap<string, CallFailure> = new Map(Object.entries(BY_CODE).map(([code, failure]) => [ERRORS[code as keyof typeof BY_CODE].message, failure]))

/** For the gateway's own answers in other words than the catalogue's. Servers' own errors have other numbers (src/shared/errors.ts). */
const BY_NUMBER: ReadonlyMap<number, CallFailure> = new Map([
  [ERRORS.GW_UPSTREAM_LOST.rpcCode, 'lost'],
  [ERRORS.GW_UPSTREAM_UNAVAILABLE.rpcCode, 'unavailable'],
  [ERRORS.GW_UPSTREAM_DEADLINE.rpcCode, 'deadline']
])

/** Why the gateway answered in the server's place; undefined for whatever the server itself said, its own errors included. */
export function failureOf ({ error }: Reply): CallFailure | undefined {
  if (error === undefined) return undefined
  return BY_SENTENCE.get(error.message) ?? BY_NUMBER.get(error.code)
}

import { hash } from 'node:crypto'
import { canonicalText } from '../../cache/index.ts'
import { isJsonObject, type JsonObject } from '../../protocol/index.ts'
import type { OnceId } from '../../resilience/index.ts'
import { GatewayError } from '../../shared/errors.ts'
import { ok, refuse, type Result } from '../../shared/result.ts'
import type { Caller } from '../context.ts'
import type { FeatureUse } from '../use.ts'

/** Member of `_meta` that names a call; goes before the header, which names all calls of its request. */
const ONCE_META = 'io.drawbridge/idempotency-key'
/** Visible ASCII, no blanks. */
const KEY = /^[\x21-\x7e]{1,255}$/

/** A call that its caller has named, and the digest of what it asks for. */
export interface NamedCall { readonly id: OnceId, readonly digest: string }

/**
 * The name of a call, if its server goes by names and it has one: unique within tenant, user, server and tool (FR42). The answers
 * of a call that asked its user something belong to one that was named already. Refused with GW_PROTOCOL_PARAMS: a name that is none.
 */
export function namedCallOf ({ principal, idempotencyKey }: Caller, { method, name, server, params }: FeatureUse): Result<NamedCall, GatewayError> | undefined {
  if (method !== 'tools/call' || server.tools.idempotencyKeys !== true) return undefined
  if (params?.['inputResponses'] !== undefined || params?.['requestState'] !== undefined) return undefined
  const key = keyIn(params) ?? idempotencyKey
  if (key === undefined) return undefined
  if (typeof key !== 'string' || !KEY.test(key)) {
    return refuse(new GatewayError('GW_PROTOCOL_PARAMS', { publicMessage: 'Invalid params: an idempotency key must be a string of 1 to 255 visible ASCII characters without blanks' }))
  }
  const { tenant, userKey } = principal
  return ok({
    id: { tenant, userKey, hash: hash('sha256', JSON.stringify([userKey, server.name, name, key])) },
    digest: hash('sha256', canonicalText(params?.['arguments'] ?? {}))
  })
}

function keyIn (params: JsonObject | undefined): unknown {
  const meta = params?.['_meta']
  return isJsonObject(meta) ? meta[ONCE_META] : undefined
}

import { GatewayError } from '../shared/errors.ts'
import { ok, refuse } from '../shared/result.ts'
import type { Result } from '../shared/result.ts'
import { isJsonObject } from './classify.ts'
import { LOG_LEVELS } from './log-levels.ts'
import type { JsonObject } from './message.ts'
import { META } from './meta.ts'
import type { ModernMeta } from './modern-request.ts'

/** Members of ClientCapabilities that MCP gives a meaning: each is an object where it is present. Others pass. */
const CAPABILITIES = ['experimental', 'roots', 'sampling', 'elicitation', 'extensions'] as const

function areCapabilities (value: unknown): value is JsonObject {
  if (!isJsonObject(value)) return false
  for (const name of CAPABILITIES) {
    const declared = value[name]
    if (declared !== undefined && !isJsonObject(declared)) return false
  }
  return true
}

function isImplementation (value: unknown): boolean {
  return isJsonObject(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string'
}

function isProgressToken (value: unknown): boolean {
  return typeof value === 'string' || Number.isInteger(value)
}

/** What is wrong with a request's `_meta`; names the key and says nothing of its value. */
function faultOf (meta: JsonObject): string | undefined {
  if (typeof meta[META.protocolVersion] !== 'string') return `${META.protocolVersion} must be a string`
  if (!areCapabilities(meta[META.clientCapabilities])) return `${META.clientCapabilities} must be an object of objects`
  const info = meta[META.clientInfo]
  if (info !== undefined && !isImplementation(info)) return `${META.clientInfo} must have a name and a version`
  const level = meta[META.logLevel]
  if (level !== undefined && !(LOG_LEVELS as readonly unknown[]).includes(level)) return `${META.logLevel} must be a level of RFC 5424`
  const { progressToken } = meta
  if (progressToken !== undefined && !isProgressToken(progressToken)) return 'progressToken must be a string or an integer'
  return undefined
}

/** A refusal of `_meta` that tells its sender what to mend. */
export function metaRefusal (fault: string): GatewayError {
  return new GatewayError('GW_PROTOCOL_META', { reason: fault, publicMessage: `Invalid params: params._meta: ${fault}.` })
}

/**
 * Reads what a modern request says about itself: version and capabilities are required, the rest may be left out but not
 * misstated (MCP 2026-07-28 base protocol, `_meta`). The version may be any here. Capabilities come by reference.
 */
export function readModernMeta (params: JsonObject | undefined): Result<ModernMeta, GatewayError> {
  const meta = params?.['_meta']
  if (!isJsonObject(meta)) return refuse(metaRefusal('an object is required on every request'))
  const fault = faultOf(meta)
  if (fault !== undefined) return refuse(metaRefusal(fault))
  return ok({
    protocolVersion: meta[META.protocolVersion] as string,
    clientCapabilities: meta[META.clientCapabilities] as JsonObject,
    logLevel: meta[META.logLevel] as string | undefined
  })
}

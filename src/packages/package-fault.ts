import { GatewayError } from '../shared/errors.ts'

/** A package that cannot be had, or is not what it was. `reason` is for the operator and names what mends it. */
export function packageFault (reason: string, cause?: unknown): GatewayError {
  return new GatewayError('GW_UPSTREAM_START', { reason }, cause)
}

/** The reason of anything thrown on the way. */
export function reasonOf (thrown: unknown): string {
  if (thrown instanceof GatewayError) return thrown.details.reason ?? thrown.message
  return thrown instanceof Error ? thrown.message : String(thrown)
}

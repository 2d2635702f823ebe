import { randomBytes } from 'node:crypto'

declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Verified tenant name, as the config or a token claim wrote it. */
export type TenantId = Brand<string, 'TenantId'>
/** Verified user name within a tenant (with the issuer's userPrefix, if any). */
export type UserId = Brand<string, 'UserId'>
/** Server name: `^[A-Za-z0-9](?:[A-Za-z0-9-]|_(?!_)){0,31}$`, not ending in `_` (rulings 5). */
export type ServerName = Brand<string, 'ServerName'>
/** Downstream session id: 43 characters of base64url, 256 random bits; with replicas, the tag of one before them. */
export type SessionId = Brand<string, 'SessionId'>

/** The one way to brand a string: call it only where the value was just validated or verified. */
export function brandAs<T extends string> (value: string): T {
  return value as T
}

/** 256 random bits as 43 characters of `[A-Za-z0-9_-]` (T03 asks for at least 128 bits). */
export function randomId (): string {
  return randomBytes(32).toString('base64url')
}

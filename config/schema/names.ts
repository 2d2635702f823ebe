import { Type } from 'typebox'

/** Server names that need no slug (rulings 5). */
export const SERVER_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]|_(?!_)){0,31}(?<!_)$/

/** A key's id (rulings 2). */
export const keyId = Type.String({
  description: 'Id of the key: the middle part of `db_<id>_<secret>`. Not secret; used in logs.',
  pattern: '^[a-z0-9]{1,32}$',
  'x-expected': '1 to 32 characters of a-z and 0-9'
})

/** Tenant and user names: anything a token claim could hold, without control characters (Unicode class Cc). */
export const IDENTITY = /^\P{Cc}{1,256}$/u
/** The same in words. */
export const IDENTITY_WORDS = 'a name of 1 to 256 characters without control characters'

/** A tenant or user name in the schema. */
export function identityName (description: string) {
  return Type.String({ description, minLength: 1, maxLength: 256, pattern: IDENTITY.source, 'x-expected': IDENTITY_WORDS })
}

/** SHA-256 of a key's whole text. */
export const sha256Hex = Type.String({
  description: 'SHA-256 of the whole key text as 64 hex digits; `drawbridge keys create` prints it.',
  pattern: '^[0-9a-fA-F]{64}$',
  'x-expected': '64 hex digits: the SHA-256 of the key, not the key itself (drawbridge keys create prints both)'
})

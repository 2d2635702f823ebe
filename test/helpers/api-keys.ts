import { createHash, randomBytes } from 'node:crypto'

export interface TestUser {
  readonly tenant: string
  readonly user: string
  readonly scopes?: readonly string[]
  readonly roles?: readonly string[]
  readonly callsPerMinute?: number
}

export interface TestKey {
  /** The secret text a client sends. */
  readonly text: string
  /** The `auth.apiKeys` entry that admits it. */
  readonly entry: Record<string, unknown>
  /** The header most clients send. */
  readonly bearer: { readonly authorization: string }
}

/** Makes an API key of the documented form `db_<id>_<secret>` and the config entry that holds only its hash. */
export function makeApiKey (owner: TestUser): TestKey {
  const id = `k${randomBytes(6).toString('hex')}`
  const text = `db_${id}_${randomBytes(24).toString('base64url')}`
  const sha256 = createHash('sha256').update(text).digest('hex')
  return { text, entry: { id, sha256, ...owner }, bearer: { authorization: `Bearer ${text}` } }
}

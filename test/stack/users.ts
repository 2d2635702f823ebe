import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StackUser } from './types.ts'

/** Enough that both replicas get some of them, whatever the hash of their credentials. */
const USERS = 16

/** Adds users to the keys.yaml that scripts/init wrote, as an operator would with an editor. */
export function addUsers (instanceDir: string): { readonly users: readonly StackUser[], readonly reader: StackUser } {
  const file = join(instanceDir, 'gateway', 'keys.yaml')
  const users = Array.from({ length: USERS }, (_, index) => newUser(index % 4 === 3 ? 'acme' : 'main', `user${index}`))
  const reader = newUser('main', 'reader')
  const text = [
    readFileSync(file, 'utf8').replace(/^tenants:$/m, 'tenants:\n  acme: {}').trimEnd(),
    ...users.map((user) => entryOf(user)), entryOf(reader, ', scopes: ["tools:read"]'), ''
  ].join('\n')
  writeFileSync(`${file}.new`, text, { mode: 0o444 })
  renameSync(`${file}.new`, file)
  return { users, reader }
}

function newUser (tenant: string, user: string): StackUser {
  return { tenant, user, key: `db_${user}_${randomBytes(32).toString('base64url')}` }
}

function entryOf ({ tenant, user, key }: StackUser, more = ''): string {
  return `    - { id: ${user}, sha256: "${createHash('sha256').update(key).digest('hex')}", tenant: ${tenant}, user: ${user}${more} }`
}

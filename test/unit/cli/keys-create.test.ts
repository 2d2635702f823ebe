import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { folderWith, run } from './io.ts'

interface Created { key: string, entry: { id: string, sha256: string, tenant: string, user: string, scopes?: string[], callsPerMinute?: number } }

async function create (...args: string[]): Promise<Created> {
  const { code, stdout } = await run(['keys', 'create', '--json', ...args])
  assert.equal(code, 0)
  return JSON.parse(stdout) as Created
}

describe('drawbridge keys create', () => {
  it('makes a key of the documented form and the hash of its whole text', async () => {
    const { key, entry } = await create('--tenant', 'acme', '--user', 'alice')
    assert.match(key, /^db_[a-z0-9]{12}_[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(entry, { id: key.split('_')[1], sha256: createHash('sha256').update(key).digest('hex'), tenant: 'acme', user: 'alice' })
    assert.notEqual((await create('--tenant', 'acme', '--user', 'alice')).key, key)
  })

  it('takes id, scopes and a rate limit', async () => {
    const { key, entry } = await create('--tenant', 'acme', '--user', 'a b', '--id', 'k1', '--scope', 'tools:read', '--scope', 'tools:call:x__*', '--calls-per-minute', '5')
    assert.match(key, /^db_k1_/)
    assert.deepEqual([entry.id, entry.user, entry.scopes, entry.callsPerMinute], ['k1', 'a b', ['tools:read', 'tools:call:x__*'], 5])
  })

  it('prints the key once; the entry, pasted, passes check', async (test) => {
    const { stdout } = await run(['keys', 'create', '--tenant', 'acme', '--user', 'alice', '--scope', '*'])
    const key = /^ {2}(db_\S+)$/m.exec(stdout)?.[1] ?? ''
    assert.equal(stdout.split(key).length, 2)
    const entry = /^ {2}(\{.*\})$/m.exec(stdout)?.[1] ?? ''
    const cwd = folderWith(test, { 'a.yaml': `mcpServers: { a: { command: x } }\nauth:\n  apiKeys:\n    - ${entry}\n` })
    const { code, stdout: checked } = await run(['check', '--config', 'a.yaml'], { cwd })
    assert.equal(code, 0, checked)
    assert.match(checked, /1 API key,/)
  })

  it('refuses what the configuration would refuse', async () => {
    for (const [args, says] of [[['--tenant', 't', '--user', 'u', '--id', 'K_1'], /--id expects/], [['--tenant', 'a\nb', '--user', 'u'], /--tenant expects/], [['--tenant', 't', '--user', 'u', '--calls-per-minute', '0'], /--calls-per-minute expects/]] as const) {
      const { code, stdout, stderr } = await run(['keys', 'create', ...args])
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, says)
    }
  })
})

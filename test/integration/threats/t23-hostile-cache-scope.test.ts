/** T23 A server that calls its answers public and everlasting, over two replicas on one Redis: they are their caller's, and for five minutes at most. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { countingServer, type CountingServer } from '../../helpers/counting-server.ts'
import { startReplicas, type ReplicaSet } from '../../helpers/replicas.ts'
import { roomyLimits } from '../../helpers/server-entries.ts'

const users = ['alice', 'bob', 'carol', 'dave'].map((user, index) => ({ tenant: index < 2 ? 'acme' : 'globex', user }))

describe('T23: cacheScope public', () => {
  let server: CountingServer
  let set: ReplicaSet
  before(async () => {
    server = countingServer()
    set = await startReplicas({ users, config: { mcpServers: { counts: server.entry({ env: { COUNTS_ERA: 'modern', COUNTS_TTL: '1e12', COUNTS_SCOPE: 'public' } }) }, limits: roomyLimits } })
  })
  after(async () => {
    await set.stop()
    server.remove()
  })

  for (const [method, params] of [['tools/list', {}], ['resources/list', {}], ['resources/read', { uri: 'counts://a' }]] as const) {
    it(`${method}: each user's own, told to clients as private, through both replicas`, async () => {
      for (let round = 0; round < 2; round++) {
        for (const { user } of users) {
          for (const at of set.replicas) {
            const { result } = await set.modern(user, 'counts', at).request(method, params)
            const text = JSON.stringify(result)
            assert.match(text, new RegExp(`\\b${user}-`), text)
            for (const other of users.filter((one) => one.user !== user)) assert.ok(!text.includes(`${other.user}-`), `${other.user} in ${text}`)
            assert.equal(result?.['cacheScope'] ?? 'private', 'private')
            assert.ok(Number(result?.['ttlMs'] ?? 0) <= 300_000)
          }
        }
      }
    })
  }

  it('nothing that is kept of it lives longer than five minutes', async () => {
    const keys = (await set.redis.cli('--scan')).split('\n').filter((key) => key.includes('cache'))
    for (const key of keys) assert.ok(Number(await set.redis.cli('PTTL', key)) <= 400_000, key)
  })
})

/** T58 Secrets and control characters in what the gateway says about itself, over two replicas: log, audit, metrics, status, health, and Redis. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { exchange, send } from '../../helpers/http-exchange.ts'
import { startReplicas, type ReplicaSet } from '../../helpers/replicas.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'

const at = (place: string): string => `canary-${place}-31c9`

describe('T58: what is written down', () => {
  let set: ReplicaSet
  before(async () => {
    set = await startReplicas({ users: [{ tenant: 'acme', user: 'alice' }], config: { mcpServers: { probe: probe({ env: { SECRET: at('env') } }) }, limits: roomyLimits, logLevel: 'debug' } })
  })
  after(async () => { await set.stop() })

  it('holds none of twelve secrets, and no line that is not one line of JSON', async () => {
    const ids: string[] = []
    for (const replica of set.replicas) {
      const wire = set.wire('alice', 'probe', replica)
      await wire.open()
      ids.push(wire.sessionId ?? '')
      await wire.call('echo', { text: at('argument') })
      await wire.call('arguments', { password: at('password'), nested: { token: at('nested') } })
      await wire.call('no\u001b[31m-such\r\n{"level":"info","msg":"forged"}-tool', { text: at('unknown-tool') })
      const modern = set.modern('alice', 'probe', replica)
      await modern.call('echo', { text: at('modern') }, { meta: { 'com.example/secret': at('meta') } })
      await send(`${replica.url}/servers/probe/mcp?access_token=${at('query')}`, { headers: { authorization: `Bearer ${at('bearer')}`, cookie: `s=${at('cookie')}`, 'x-api-key': at('api-key') } })
      const odd = await exchange(`${replica.url}/servers/probe/mcp`, { method: 'POST', body: '{', headers: { ...set.keyOf('alice').bearer, 'user-agent': `a\u2028b${at('agent')}`.replace('\u2028', ' '), 'content-type': 'application/json', accept: 'application/json, text/event-stream' } })
      await odd.ended
    }
    await until('the calls are logged', () => set.replicas.some(({ gateway }) => gateway.output().includes('tools/call')))
    const pages = await Promise.all(set.replicas.flatMap(({ url, gateway }) => [`${url}/health`, `${url}/status`, `${gateway.managementUrl}/metrics`].map(async (page) => (await send(page, { headers: page.endsWith('/metrics') ? {} : set.keyOf('alice').bearer })).body())))
    const keys = (await set.redis.cli('--scan')).split('\n').filter(Boolean)
    const stored = await Promise.all(keys.map(async (key) => `${key} ${await set.redis.cli('DUMP', key).catch(() => '')}`))
    const everything = [...set.replicas.map(({ gateway }) => gateway.output()), ...pages, ...stored].join('\n')
    const key = set.keyOf('alice').text
    for (const secret of ['env', 'argument', 'password', 'nested', 'unknown-tool', 'modern', 'meta', 'query', 'bearer', 'cookie', 'api-key'].map(at).concat(key, key.split('_').slice(2).join('_'), ...ids)) {
      assert.ok(!everything.includes(secret), secret)
    }
    for (const { gateway } of set.replicas) {
      for (const line of gateway.output().split('\n').filter((text) => text.startsWith('{'))) assert.doesNotThrow(() => JSON.parse(line), line)
      assert.ok(!gateway.logs().some(({ msg }) => msg === 'forged'))
      assert.ok(!gateway.output().includes('\u001b'))
    }
  })
})

/** T34 Messages that two parsers read differently: a denied tool is not reached by a second spelling of it, in either era, through either replica. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { modernParams } from '../../helpers/modern-wire.ts'
import { exchange, type Exchange } from '../../helpers/http-exchange.ts'
import { textOf } from '../../helpers/legacy-wire.ts'
import { startReplicas, type ReplicaSet } from '../../helpers/replicas.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'

/** `echo` is allowed, `put` is not. Each either is refused as malformed or runs `echo`. */
const spellings = [
  '"name":"echo","name":"put"', '"name":"put","name":"echo"', '"name":"echo","Name":"put"', '"Name":"put","name":"echo"', '"NAME":"put","name":"echo"',
  '"name":"echo","n\\u0061me":"put"', '"n\\u0061me":"put","name":"echo"', '"name":"echo\\u0000put"', '"name":"echo","name\\u0000":"put"', '"name":"echo","__proto__":{"name":"put"}'
]

describe('T34: one message, one meaning', () => {
  let set: ReplicaSet
  before(async () => {
    set = await startReplicas({ users: [{ tenant: 'acme', user: 'alice' }], config: { mcpServers: { probe: probe({ tools: { deny: ['put'] } }) }, limits: roomyLimits } })
  })
  after(async () => { await set.stop() })

  const whole = async (answer: Exchange): Promise<Exchange> => {
    await answer.ended
    return answer
  }

  it('of a session', async () => {
    for (const at of set.replicas) {
      const wire = set.wire('alice', 'probe', at)
      await wire.open()
      for (const spelling of spellings) {
        const answer = await whole(await wire.post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${spelling},"arguments":{"text":"x","value":"smuggled"}}}`))
        assert.ok(answer.status === 400 || answer.status === 200, spelling)
      }
      for (const envelope of ['{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"put","arguments":{"value":"smuggled"}}}', '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call","params":{"name":"put","arguments":{"value":"smuggled"}}}', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}},"Params":{"name":"put","arguments":{"value":"smuggled"}}}']) {
        assert.equal((await whole(await wire.post(envelope))).status, 400, envelope)
      }
      const received = textOf(await wire.call('received'))
      assert.ok(!received.includes('"put"') && !received.includes('NAME') && !received.includes('"Name'), received)
      assert.match(textOf(await wire.call('get')), /"value":null/)
    }
  })

  it('of a request that stands alone, whatever its headers say', async () => {
    const meta = JSON.stringify(modernParams()['_meta'])
    for (const at of set.replicas) {
      for (const spelling of spellings) {
        for (const name of ['echo', 'put']) {
          const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":${meta},${spelling},"arguments":{"text":"x","value":"smuggled"}}}`
          const headers = { ...set.keyOf('alice').bearer, accept: 'application/json, text/event-stream', 'content-type': 'application/json', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name }
          const answer = await whole(await exchange(`${at.url}/servers/probe/mcp`, { method: 'POST', body, headers }))
          assert.ok([200, 400, 404].includes(answer.status), `${answer.status} ${spelling} ${name}`)
        }
      }
      assert.match(textOf(await set.modern('alice', 'probe', at).call('get')), /"value":null/)
    }
  })
})

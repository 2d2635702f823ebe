import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ListeningClient } from '../../../src/bridge/index.ts'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { caller } from '../limits/callers.ts'
import { serverRoute, testExchange } from '../session/session-parts.ts'

const ID = 'io.modelcontextprotocol/subscriptionId'

function listener (): { client: ListeningClient, said: () => Array<[string, unknown]>, ends: () => string[] } {
  const exchange = testExchange()
  const client = new ListeningClient(caller('alice'), serverRoute('srv'), exchange, 'l1')
  return {
    client,
    said: () => exchange.log.filter((line) => line.startsWith('emit ')).map((line) => {
      const { method, params } = JSON.parse(line.slice('emit '.length)) as { method: string, params: { _meta: JsonObject, uri?: string } }
      assert.equal(params._meta[ID], 'l1')
      return [method.slice('notifications/'.length), params.uri]
    }),
    ends: () => exchange.log.filter((line) => !line.startsWith('emit '))
  }
}

describe('an open listen', () => {
  it('says nothing before the acknowledgement; then what came meanwhile, each thing once, and what was honoured only', () => {
    const { client, said } = listener()
    const tools = 'notifications/tools/list_changed'
    for (const method of [tools, tools, 'notifications/prompts/list_changed', 'notifications/message']) client.notify(method, undefined)
    for (const uri of ['a:1', 'a:1', 'a:2']) client.notify('notifications/resources/updated', { uri })
    assert.deepEqual(said(), [])
    client.acknowledge({ toolsListChanged: true, resourceSubscriptions: ['a:1', 'a:2'] })
    const early = [['subscriptions/acknowledged', undefined], ['tools/list_changed', undefined], ['resources/updated', 'a:1'], ['resources/updated', 'a:2']]
    assert.deepEqual(said(), early)
    client.notifyOn(undefined, tools, { _meta: { mine: 1 } })
    assert.deepEqual(said(), [...early, ['tools/list_changed', undefined]])
  })

  it('keeps a thousand early ones and no more (T39)', () => {
    const { client, said } = listener()
    for (let n = 0; n < 1500; n++) client.notify('notifications/resources/updated', { uri: `a:${n}` })
    client.acknowledge({ resourceSubscriptions: ['a:'] })
    assert.equal(said().length, 1001)
  })

  it('ends once with its empty result, and is silent from then on; so is one whose client has gone', () => {
    for (const isGone of [false, true]) {
      const { client, said, ends } = listener()
      if (isGone) client.drop()
      client.end()
      client.end()
      client.acknowledge({ toolsListChanged: true })
      client.notify('notifications/tools/list_changed', undefined)
      assert.deepEqual([said(), ends()], [[], isGone ? [] : [`finish "l1" {"result":{"resultType":"complete","_meta":{"${ID}":"l1"}}}`]])
    }
  })
})

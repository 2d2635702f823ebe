/** T21 Handles and requestState, over two replicas that seal with one key: good for their owner, request and time, through either, and for nobody and nothing else. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { JsonRpc } from '../../helpers/http-exchange.ts'
import { textOf } from '../../helpers/legacy-wire.ts'
import { startReplicas, type ReplicaSet, type TestReplica } from '../../helpers/replicas.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'

const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'mallory' }, { tenant: 'globex', user: 'alice2' }]
const capabilities = { elicitation: {} }
const question = { name: 'ask', arguments: { method: 'elicitation/create', params: { message: 'sure?', requestedSchema: { type: 'object', properties: {} } } } }

describe('T21: a request state', () => {
  let set: ReplicaSet
  before(async () => { set = await startReplicas({ users, config: { mcpServers: { probe: probe(), other: probe() }, limits: roomyLimits } }) })
  after(async () => { await set.stop() })

  interface Asked { readonly requestState: string, readonly inputResponses: Record<string, unknown> }

  async function asked (at: TestReplica): Promise<Asked> {
    const { result } = await set.modern('alice', 'probe', at).request('tools/call', question, { capabilities })
    const [key = ''] = Object.keys(result?.['inputRequests'] as object)
    return { requestState: String(result?.['requestState']), inputResponses: { [key]: { action: 'accept', content: {} } } }
  }

  const answered = async (user: string, server: string, at: TestReplica, params: Record<string, unknown>): Promise<JsonRpc> => await set.modern(user, server, at).request('tools/call', params, { capabilities })

  it('is refused from anybody else, on anything else, with one bit changed and a second time, by either replica', async () => {
    for (const askAt of set.replicas) {
      for (const at of set.replicas) {
        const state = await asked(askAt)
        const flipped = state.requestState.slice(0, 40) + (state.requestState[40] === 'A' ? 'B' : 'A') + state.requestState.slice(41)
        const wrong: Array<[string, string, Record<string, unknown>]> = [
          ['mallory', 'probe', { ...question, ...state }],
          ['alice2', 'probe', { ...question, ...state }],
          ['alice', 'other', { ...question, ...state }],
          ['alice', 'probe', { ...question, ...state, name: 'arguments' }],
          ['alice', 'probe', { ...question, ...state, arguments: { ...question.arguments, extra: 1 } }],
          ['alice', 'probe', { ...question, ...state, requestState: flipped }],
          ['alice', 'probe', { ...question, ...state, requestState: 'AAAA' }]
        ]
        for (const [user, server, params] of wrong) {
          const { error } = await answered(user, server, at, params)
          assert.equal(error?.code, -32602, `${user} ${server}`)
        }
        assert.match(textOf(await answered('alice', 'probe', at, { ...question, ...state })), /accept/)
        assert.equal((await answered('alice', 'probe', at, { ...question, ...state })).error?.code, -32602)
      }
    }
  })
})

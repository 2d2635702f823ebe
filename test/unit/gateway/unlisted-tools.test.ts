/** A tool that a server does not have is answered like a hidden one, in whatever words its server has for that (T25); one that it has keeps them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject, JsonRpcErrorBody } from '../../../src/protocol/index.ts'
import { startGateway, type TestClient } from './gateway-parts.ts'
import { page, plannedServer, tool } from './lists-parts.ts'

const deny = { validateArguments: true, tools: { deny: ['hidden'], timeoutMs: {}, callsPerMinute: {} } }
const UNKNOWN: JsonRpcErrorBody = { code: -32602, message: 'Unknown tool.' }
const full: JsonRpcErrorBody = { code: -32602, message: 'the disk is full' }
const fails = (...names: string[]): JsonObject => Object.fromEntries(names.map((name) => [name, full]))

/** What a call is refused with: an error, or a result that is one. */
async function refusal (client: TestClient, name: string): Promise<unknown> {
  const { error, result } = await client.get('tools/call', { name, arguments: {} })
  return error ?? result
}

describe('a tool that its server does not have', () => {
  it('is answered like a hidden one, also where the server says with its answer that the list has changed', async (t) => {
    for (const refused of [{ errors: { nope: { code: -32602, message: 'Tool nope not found' } } }, { results: { nope: { isError: true, content: [{ type: 'text', text: 'Unknown tool: nope' }] } } }]) {
      for (const announces of [{}, { announces: true }]) {
        const one = plannedServer(t, { tools: [tool('open'), tool('hidden')], ...announces, ...refused }, deny)
        const { client } = await startGateway(t, { servers: { one: one.entry } })
        const alice = await client()
        assert.deepEqual(await refusal(alice, 'hidden'), UNKNOWN)
        for (let count = 0; count < 3; count++) assert.deepEqual(await refusal(alice, 'nope'), UNKNOWN, JSON.stringify([refused, announces, count]))
      }
    }
  })

  it('is not asked for again after its answer: each list is read before a call', async (t) => {
    const one = plannedServer(t, { tools: [tool('open')], errors: fails('nope') }, deny)
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    for (let count = 0; count < 4; count++) assert.deepEqual(await refusal(alice, 'nope'), UNKNOWN)
    assert.equal(one.journal('tools/list').length, 2)
  })
})

describe('a tool that its server has, or may have, keeps the words of its server', () => {
  it('whatever has changed', async (t) => {
    const one = plannedServer(t, { tools: [tool('open')], announces: true, errors: fails('open') }, deny)
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    for (let count = 0; count < 3; count++) assert.deepEqual(await refusal(alice, 'open'), full)
  })

  it('when it came with a word, and nobody was shown it', async (t) => {
    const one = plannedServer(t, { tools: [tool('open')], errors: fails('nope') }, deny)
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    assert.deepEqual(await refusal(alice, 'nope'), UNKNOWN)
    one.plan({ tools: [tool('open'), tool('late')], errors: fails('late', 'nope') })
    await alice.call('change', { what: 'tools' })
    assert.deepEqual([await refusal(alice, 'late'), await refusal(alice, 'nope')], [full, UNKNOWN])
  })

  it('when it came without a word, and the caller was shown it', async (t) => {
    const one = plannedServer(t, { tools: [tool('open')], errors: fails('late') }, deny)
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    assert.equal(await alice.call('open'), 'called open')
    assert.deepEqual(await refusal(alice, 'late'), UNKNOWN)
    one.plan({ tools: [tool('open'), tool('late')], errors: fails('late') })
    assert.deepEqual((await page(alice)).names, ['open', 'late'])
    assert.deepEqual(await refusal(alice, 'late'), full)
  })

  it('when another process of the server has it', async (t) => {
    const one = plannedServer(t, { tools: [tool('open'), tool('exit')] }, deny)
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    assert.equal(await alice.call('open'), 'called open')
    one.plan({ tools: [tool('open'), tool('late')], errors: fails('late', 'gone') })
    await alice.call('exit')
    assert.deepEqual([await refusal(alice, 'late'), await refusal(alice, 'gone')], [full, UNKNOWN])
  })

  it('when the server does not say what it has, or not all of it', async (t) => {
    for (const plan of [{ fails: { 'tools/list': -32603 } }, { tools: 10_050 }, { tools: 1000, pageSize: 2 }]) {
      const one = plannedServer(t, { ...plan, errors: fails('tools_10049') }, deny)
      const { client } = await startGateway(t, { servers: { one: one.entry } })
      assert.deepEqual(await refusal(await client(), 'tools_10049'), full, JSON.stringify(plan))
    }
  })

  it('when its schema is none', async (t) => {
    const one = plannedServer(t, { tools: [tool('odd', { inputSchema: 'anything' }), tool('null', { inputSchema: null })], errors: fails('odd', 'null') }, deny)
    const { client } = await startGateway(t, { servers: { one: one.entry } })
    const alice = await client()
    assert.deepEqual([await refusal(alice, 'odd'), await refusal(alice, 'null')], [full, full])
  })
})

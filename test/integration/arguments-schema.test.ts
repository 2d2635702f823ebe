/** Arguments against the tool's own schema, by every way to call a tool (R13, rulings 4). */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { toolFaces } from '../helpers/tool-faces.ts'
import { until } from '../helpers/until.ts'

const lists = fileURLToPath(new URL('../fixtures/stdio-servers/lists.mjs', import.meta.url))

const edit = { name: 'edit', inputSchema: { type: 'object', properties: { path: { type: 'string', maxLength: 100_000 }, lines: { type: 'array', items: { type: 'integer', minimum: 1 } } }, required: ['path'], additionalProperties: false } }

describe('arguments', () => {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-arguments-'))
  const journal = join(dir, 'journal')
  const plan = join(dir, 'plan')
  let gateway: TestGateway

  function seen (what: RegExp): string[] {
    return readFileSync(journal, { encoding: 'utf8', flag: 'a+' }).split('\n').filter((line) => what.test(line))
  }

  const entry = (own: object = {}): Record<string, unknown> => ({ command: process.execPath, args: [lists], env: { LISTS_PLAN: plan, LISTS_JOURNAL: journal }, ...own })

  before(async () => {
    writeFileSync(plan, JSON.stringify({ tools: [edit] }))
    gateway = await startGateway({
      users: ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'].map((user) => ({ tenant: 'acme', user })),
      config: { mcpServers: { files: entry(), unchecked: entry({ validateArguments: false }), each: entry({ isolation: 'call' }) }, limits: roomyLimits }
    })
  })
  after(async () => {
    await gateway.stop()
    rmSync(dir, { recursive: true })
  })

  it('that do not fit are the tool\'s own error, which names the place and what was expected; the server does not see the call', async () => {
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'alice', 'files'))) {
      const { status, result } = await call('edit', { path: 'a', lines: [1, 0] })
      assert.equal(status, 200, face)
      assert.equal(result?.['isError'], true, face)
      const [content] = result?.['content'] as Array<{ text: string }>
      assert.equal(content?.text, 'Invalid arguments for tool "edit": arguments.lines.1: expected at least 1.', face)
      assert.deepEqual(((await call('edit', { path: 'a', lines: [1] })).result?.['content'] as Array<{ text: string }>)[0]?.text, 'called edit', face)
    }
    assert.equal(seen(/tools\/call/).length, 10)
  })

  it('null is as good as absent for an argument that may be absent, and for no other', async () => {
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'alice', 'files'))) {
      assert.equal(((await call('edit', { path: 'a', lines: null })).result?.['content'] as Array<{ text: string }>)[0]?.text, 'called edit', face)
      assert.equal((await call('edit', { path: null })).result?.['isError'], true, face)
      assert.equal((await call('edit', { path: 'a', lines: [null] })).result?.['isError'], true, face)
    }
  })

  it('the list is read once for a worker, not before each call, and not at all when the client has read it', async () => {
    const before = seen(/tools\/list/).length
    const session = gateway.wire('bob', 'files')
    await session.open()
    await session.request('tools/list')
    for (let at = 0; at < 3; at++) assert.ok((await session.call('edit', { path: 'x' })).result)
    assert.equal(seen(/tools\/list/).length, before + 1)
    const blind = gateway.wire('carol', 'files')
    await blind.open()
    for (let at = 0; at < 3; at++) assert.ok((await blind.call('edit', { path: 'x' })).result)
    assert.equal(seen(/tools\/list/).length, before + 2)
  })

  it('a worker of its own for each call does not cost a list each', async () => {
    const session = gateway.wire('dave', 'each')
    await session.open()
    await session.call('edit', { path: 'x' })
    const before = seen(/tools\/list/).length
    for (let at = 0; at < 3; at++) assert.ok((await session.call('edit', { path: 'x' })).result)
    assert.equal(seen(/tools\/list/).length, before)
    // Refused only by what its own worker lists.
    assert.equal((await session.call('edit', { path: 1 })).result?.['isError'], true)
    assert.equal(seen(/tools\/list/).length, before + 1)
  })

  it('a member twice, at whatever depth, is refused; with validateArguments: false the server gets what the parser kept', async () => {
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'erin', 'files'))) {
      const { error } = await call('edit', '{"path":"a","lines":[1],"path":"b"}')
      assert.match(error?.message ?? '', /must not say a member twice/, face)
    }
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'erin', 'unchecked'))) {
      assert.ok((await call('edit', '{"path":"a","path":7}')).result, face)
    }
  })

  it('large ones are held to it too, and reach the server when they fit', async () => {
    const large = 'x'.repeat(90_000)
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'erin', 'files'))) {
      assert.deepEqual(((await call('edit', { path: large })).result?.['content'] as Array<{ text: string }>)[0]?.text, 'called edit', face)
      assert.equal((await call('edit', { path: `${large}${large}` })).result?.['isError'], true, face)
      assert.match((await call('edit', `{"path":"${large}","lines":[],"lines":[0]}`)).error?.message ?? '', /twice/, face)
    }
  })

  it('a list that has changed is the one that counts, also when nobody said so and the worker is another', async () => {
    const session = gateway.wire('frank', 'files')
    await session.open()
    assert.equal((await session.call('edit', { mode: 'w' })).result?.['isError'], true)
    writeFileSync(plan, JSON.stringify({ tools: [{ name: 'edit', inputSchema: { type: 'object', properties: { mode: { type: 'string' } }, required: ['mode'] } }] }))
    await session.call('change', { what: 'tools' })
    assert.deepEqual((await session.call('edit', { mode: 'w' })).result?.['isError'], undefined)
    assert.equal((await session.call('edit', { path: 'x' })).result?.['isError'], true)
    writeFileSync(plan, JSON.stringify({ tools: [edit] }))
    await session.call('exit')
    await until('another worker takes what its own list says', async () => (await session.call('edit', { path: 'x' })).result?.['content'] !== undefined && (await session.call('edit', { path: 'x' })).result?.['isError'] === undefined)
  })

  it('and so is one tool that is not in the list: the server says what it thinks of it', async () => {
    const session = gateway.wire('alice', 'files')
    await session.open()
    assert.deepEqual(((await session.call('unlisted', { any: 'thing' })).result?.['content'] as Array<{ text: string }>)[0]?.text, 'called unlisted')
  })

  it('are counted by reason', async () => {
    const metrics = await (await fetch(`${gateway.managementUrl}/metrics`)).text()
    assert.match(metrics, /drawbridge_argument_refusals_total\{reason="mismatch"\} [1-9]/)
    assert.match(metrics, /drawbridge_argument_refusals_total\{reason="repeated"\} [1-9]/)
  })
})

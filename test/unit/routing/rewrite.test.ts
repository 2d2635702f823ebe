import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { aggregateItems, identityOf, isAppOnly, rewriteParams, rewriteResult } from '../../../src/routing/index.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName } from '../../../src/shared/ids.ts'

const a = brandAs<ServerName>('a')
const b = brandAs<ServerName>('b')

/** Freezes a value all the way down, so that any change to what a server sent throws. */
function frozen<T> (value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen)
  return Object.freeze(value)
}

describe('lists', () => {
  test('names are rewritten, everything else goes on by reference', () => {
    const inputSchema = { type: 'object', properties: { name: { type: 'string' } } }
    const tool = frozen({ name: 'echo', inputSchema, annotations: { title: 'Echo' }, future: [1], _meta: { x: 1 } })
    const [shown] = aggregateItems('tools', a, [tool])
    assert.deepEqual(shown, { ...tool, name: 'a__echo' })
    assert.equal(shown?.['inputSchema'], inputSchema)
    assert.equal(shown?.['_meta'], tool._meta)
  })

  test('stay in the server\'s order', () => {
    assert.deepEqual(aggregateItems('prompts', b, frozen([{ name: 'z' }, { name: 'a' }, { name: 'm' }])), [{ name: 'b__z' }, { name: 'b__a' }, { name: 'b__m' }])
  })

  test('malformed items are left out, the others stay; of equal names the first', () => {
    const items = frozen([null, 5, 'x', [], {}, { name: 1 }, { name: '' }, { title: 'no name' }, { name: 'ok', n: 1 }, { name: 'ok', n: 2 }, { name: '__proto__' }])
    assert.deepEqual(aggregateItems('tools', a, items), [{ name: 'a__ok', n: 1 }, { name: 'a____proto__' }])
    assert.deepEqual(aggregateItems('tools', a, []), [])
  })

  test('resources and templates', () => {
    assert.deepEqual(aggregateItems('resources', a, frozen([{ uri: 'file:///x', name: 'x' }, { uri: 'ui://v', name: 'v' }, { name: 'none' }])), [{ uri: 'a+file:///x', name: 'x' }, { uri: 'ui://a/v', name: 'v' }])
    assert.deepEqual(aggregateItems('resourceTemplates', a, frozen([{ uriTemplate: 'file:///{p}', name: 'p' }, { uri: 'x' }])), [{ uriTemplate: 'a+file:///{p}', name: 'p' }])
  })

  test('each item is known by the member of its own list', () => {
    const item = { name: 'n', uri: 'x://u', uriTemplate: 'x://{t}' }
    assert.deepEqual((['tools', 'prompts', 'resources', 'resourceTemplates'] as const).map((kind) => identityOf(kind, item)), ['n', 'n', 'x://u', 'x://{t}'])
    for (const odd of [undefined, null, 5, [], {}, { name: '' }, { name: 5 }]) assert.equal(identityOf('tools', odd), undefined)
  })

  test('links to UI resources, in both spellings (MCP Apps)', () => {
    const tool = frozen({ name: 't', _meta: { ui: { resourceUri: 'ui://view', visibility: ['model', 'app'] }, 'ui/resourceUri': 'ui://view', other: { deep: 1 } } })
    const [shown] = aggregateItems('tools', a, [tool]) as unknown as [{ _meta: { other: unknown } }]
    assert.deepEqual(shown, { name: 'a__t', _meta: { ui: { resourceUri: 'ui://a/view', visibility: ['model', 'app'] }, 'ui/resourceUri': 'ui://a/view', other: { deep: 1 } } })
    assert.equal(shown._meta.other, tool._meta.other)
  })

  test('tools for the app alone stay out of the aggregate; every other visibility stays in', () => {
    const tool = (name: string, visibility: unknown) => ({ name, _meta: { ui: { visibility } } })
    const items = frozen([tool('hidden', ['app']), tool('hidden2', ['app', 'app']), tool('both', ['model', 'app']), tool('model', ['model']), tool('none', []), tool('odd', 'app'), { name: 'odd2', _meta: { ui: 'app' } }, { name: 'odd3', _meta: 5 }])
    assert.deepEqual(aggregateItems('tools', a, items).map(({ name }) => name), ['a__both', 'a__model', 'a__none', 'a__odd', 'a__odd2', 'a__odd3'])
    assert.deepEqual(items.filter(isAppOnly).map(({ name }) => name), ['hidden', 'hidden2'])
    assert.equal(aggregateItems('prompts', a, items).length, items.length)
  })

  test('own members that look like a prototype are copied as members (T36)', () => {
    const tool: unknown = JSON.parse('{"name":"t","__proto__":{"admin":true},"_meta":{"__proto__":{"admin":true},"ui/resourceUri":"ui://x"}}')
    const [shown] = aggregateItems('tools', a, [tool])
    assert.equal(JSON.stringify(shown), '{"name":"a__t","__proto__":{"admin":true},"_meta":{"__proto__":{"admin":true},"ui/resourceUri":"ui://a/x"}}')
    assert.equal((shown as { admin?: unknown }).admin, undefined)
    assert.equal(({} as { admin?: unknown }).admin, undefined)
  })
})

describe('params on the way to a server', () => {
  test('the name or URI is replaced, the rest goes on by reference', () => {
    const params = frozen({ name: 'a__echo', arguments: { name: 'a__echo' }, _meta: { progressToken: 1 } })
    const rewritten = rewriteParams('tools/call', params, 'echo')
    assert.deepEqual(rewritten, { ...params, name: 'echo' })
    assert.equal(rewritten?.['arguments'], params.arguments)
    assert.deepEqual(rewriteParams('prompts/get', frozen({ name: 'a__p' }), 'p'), { name: 'p' })
    for (const method of ['resources/read', 'resources/subscribe', 'resources/unsubscribe']) assert.deepEqual(rewriteParams(method, frozen({ uri: 'a+x', y: 1 }), 'x'), { uri: 'x', y: 1 })
  })

  test('completion references', () => {
    const argument = frozen({ name: 'n', value: 'v' })
    assert.deepEqual(rewriteParams('completion/complete', frozen({ ref: { type: 'ref/prompt', name: 'a__p', title: 't' }, argument }), 'p'), { ref: { type: 'ref/prompt', name: 'p', title: 't' }, argument })
    assert.deepEqual(rewriteParams('completion/complete', frozen({ ref: { type: 'ref/resource', uri: 'a+file:///{p}' }, argument }), 'file:///{p}'), { ref: { type: 'ref/resource', uri: 'file:///{p}' }, argument })
  })

  test('what names nothing stays the same object', () => {
    for (const params of [undefined, frozen({ name: 'n', uri: 'u' })]) {
      for (const method of ['tools/list', 'ping', 'toString', '__proto__']) assert.equal(rewriteParams(method, params, 'own'), params)
    }
    for (const ref of [undefined, 'x', { type: 'ref/other', name: 'n' }]) {
      const params = frozen({ ref })
      assert.equal(rewriteParams('completion/complete', params, 'own'), params)
    }
  })
})

describe('results on the way back', () => {
  const link = { type: 'resource_link', uri: 'file:///x', name: 'x' }
  const embedded = { type: 'resource', resource: { uri: 'ui://v', text: 't' }, annotations: { priority: 1 } }
  const linkOut = { ...link, uri: 'a+file:///x' }
  const embeddedOut = { ...embedded, resource: { uri: 'ui://a/v', text: 't' } }
  const text = { type: 'text', text: 'file:///x', uri: 'file:///x', future: true }

  test('links and embedded resources of tools/call; other blocks by reference', () => {
    const structuredContent = { uri: 'file:///x', content: [link] }
    const result = frozen({ content: [text, link, embedded, null, 'odd', { type: 'resource' }, { type: 'resource_link' }], structuredContent, isError: false })
    const rewritten = rewriteResult(a, 'tools/call', result) as typeof result
    assert.deepEqual(rewritten, { ...result, content: [text, linkOut, embeddedOut, null, 'odd', { type: 'resource' }, { type: 'resource_link' }] })
    assert.equal(rewritten.content[0], text)
    assert.equal(rewritten.structuredContent, structuredContent)
  })

  test('messages of prompts/get, with one block or several', () => {
    const result = frozen({ description: 'd', messages: [{ role: 'user', content: embedded }, { role: 'user', content: text }, { role: 'assistant', content: [link, text] }, 5] })
    const rewritten = rewriteResult(a, 'prompts/get', result) as typeof result
    assert.deepEqual(rewritten, { description: 'd', messages: [{ role: 'user', content: embeddedOut }, { role: 'user', content: text }, { role: 'assistant', content: [linkOut, text] }, 5] })
    assert.equal(rewritten.messages[1], result.messages[1])
  })

  test('contents of resources/read and the resource that was updated', () => {
    assert.deepEqual(rewriteResult(a, 'resources/read', frozen({ contents: [{ uri: 'file:///x', blob: 'AA==' }, { text: 'no uri' }] })), { contents: [{ uri: 'a+file:///x', blob: 'AA==' }, { text: 'no uri' }] })
    assert.deepEqual(rewriteResult(a, 'notifications/resources/updated', frozen({ uri: 'file:///x', title: 't' })), { uri: 'a+file:///x', title: 't' })
  })

  test('links to UI resources in _meta of results and blocks', () => {
    const meta = { ui: { resourceUri: 'ui://v' } }
    const metaOut = { ui: { resourceUri: 'ui://a/v' } }
    assert.deepEqual(rewriteResult(a, 'tools/call', frozen({ content: [{ ...link, _meta: meta }], _meta: meta })), { content: [{ ...linkOut, _meta: metaOut }], _meta: metaOut })
  })

  test('a result without links comes back as the same object', () => {
    for (const result of [frozen({ content: [text], _meta: { x: 1 } }), frozen({ content: 'odd' }), frozen({}), null, 5, 'x', undefined, frozen([link])]) {
      for (const method of ['tools/call', 'prompts/get', 'resources/read', 'completion/complete']) assert.equal(rewriteResult(a, method, result), result)
    }
  })
})

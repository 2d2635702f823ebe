import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { downConvert } from '../../../src/bridge/down-convert.ts'
import { LEGACY_REVISIONS } from '../../../src/protocol/index.ts'

const link = { type: 'resource_link', uri: 'file:///a', name: 'a', title: 'A', description: 'the first' }
const audio = { type: 'audio', data: 'AA==', mimeType: 'audio/wav' }
const text = { type: 'text', text: 'plain', future: { kept: true } }

describe('results for older clients (revisions\' changelogs)', () => {
  it('blocks that a revision lacks become text, in tools and prompts; everything else stays', () => {
    const result = { content: [text, link, audio, 'odd', null], structuredContent: { n: 1 }, future: 1 }
    const said = (revision: typeof LEGACY_REVISIONS[number]): unknown => (downConvert('tools/call', result, revision) as typeof result).content
    const linkText = { type: 'text', text: 'A: the first <file:///a>' }
    assert.deepEqual(said('2025-03-26'), [text, linkText, audio, 'odd', null])
    assert.deepEqual(said('2024-11-05'), [text, linkText, { type: 'text', text: '[audio audio/wav left out: this client\'s protocol revision has no audio]' }, 'odd', null])
    const prompt = { messages: [{ role: 'user', content: link }, { role: 'user', content: text }] }
    assert.deepEqual(downConvert('prompts/get', prompt, '2024-11-05'), { messages: [{ role: 'user', content: linkText }, prompt.messages[1]] })
  })

  it('nothing is copied where nothing changes', () => {
    for (const revision of LEGACY_REVISIONS) {
      for (const [method, result] of [['tools/call', { content: [text] }], ['prompts/get', { messages: [{ content: text }, 1] }], ['resources/read', { contents: [link] }], ['tools/call', { content: 'odd' }], ['tools/call', null]] as const) {
        assert.equal(downConvert(method, result, revision), result)
      }
    }
    const rich = { content: [link, audio] }
    assert.equal(downConvert('tools/call', rich, '2025-06-18'), rich)
    assert.equal(downConvert('tools/call', rich, '2025-11-25'), rich)
  })

  it('a link without words is its address', () => {
    assert.deepEqual(downConvert('tools/call', { content: [{ type: 'resource_link', uri: 'x:y' }] }, '2024-11-05'), { content: [{ type: 'text', text: 'x:y' }] })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SERVER_NAME } from '../../../config/schema/names.ts'
import { slugOf } from '../../../config/settings/server-names.ts'
import { settingsOf } from './load.ts'

describe('server names (rulings 5)', () => {
  it('slugs resemble the original and always fit the pattern', () => {
    const slugs: Record<string, string> = {
      'my server': 'my-server', 'Größe & Co.': 'Gro-e-Co', a__b: 'a_b', a_: 'a', '_-x': 'x', 'a.b/c': 'a-b-c', '@scope/name': 'scope-name'
    }
    for (const [original, slug] of Object.entries(slugs)) assert.equal(slugOf(original), slug)
    for (const original of [...Object.keys(slugs), 'x'.repeat(40), `${'x'.repeat(31)}__y`, '日本語', '', ' ', '___', `${'a'.repeat(31)}-b`, 'é'.repeat(50)]) {
      assert.match(slugOf(original), SERVER_NAME, JSON.stringify(original))
    }
    assert.notEqual(slugOf('日本語'), slugOf('中文'))
  })

  it('names of the pattern are kept, others keep their original beside the slug', async () => {
    const settings = await settingsOf({ mcpServers: { 'a-B_9': { command: 'x' }, ['y'.repeat(32)]: { command: 'x' }, ['z '.repeat(20)]: { command: 'x' } } })
    assert.deepEqual([...settings.servers.values()].map(({ name, originalName }) => [name, originalName]), [
      ['a-B_9', undefined], ['y'.repeat(32), undefined], ['z-z-z-z-z-z-z-z-z-z-z-z-z-z-z-z', 'z '.repeat(20)]
    ])
    assert.equal(settings.warnings.length, 1)
  })
})

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const page = fileURLToPath(new URL('../../../docs/protocol.md', import.meta.url))

/** Everything that is to be carried between the eras; a row of the matrix each. */
const FEATURES = [
  'opening', 'tools', 'prompts', 'resources', 'resource templates', 'completion', 'lists in pages', 'subscriptions', 'list_changed', 'logging', 'progress',
  'cancellation', 'sampling', 'elicitation, forms', 'elicitation, pages', 'roots', 'ping', 'tasks', 'MCP Apps', 'lost connections', 'batches', 'arguments in headers'
]
const COMBINATIONS = ['session → session', 'modern → modern', 'modern → session', 'session → modern']

function matrix (): string[][] {
  const section = readFileSync(page, 'utf8').split('## Support matrix')[1]?.split('\n## ')[0] ?? ''
  return section.split('\n').filter((line) => line.startsWith('|')).map((line) => line.slice(1, -1).split(' | ').map((cell) => cell.trim()))
}

test('the support matrix has every feature in all four combinations, and each cell links a test that is there', () => {
  const [head = [], , ...rows] = matrix()
  assert.deepEqual(head.map((cell) => cell.replaceAll('|', '').trim()).filter((cell) => cell !== ''), COMBINATIONS)
  assert.deepEqual(rows.map(([feature]) => feature?.replaceAll('*', '')), FEATURES)
  for (const [feature, ...cells] of rows) {
    assert.equal(cells.length, COMBINATIONS.length, feature)
    for (const cell of cells) {
      const links = [...cell.matchAll(/\]\(([^)]+\.test\.ts)\)/g)].map(([, path = '']) => path)
      assert.ok(links.length > 0, `${feature}: ${cell} links no test`)
      for (const path of links) assert.ok(existsSync(join(dirname(page), path)), path)
    }
  }
})

/** The production checklist says only what is done, and where. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const page = fileURLToPath(new URL('../../../docs/operations/checklist.md', import.meta.url))
const text = readFileSync(page, 'utf8')
const items = [...text.matchAll(/^- \[([x ])\] (.+)$/gm)].map(([, tick = '', rest = '']) => ({ isDone: tick === 'x', rest }))

test('forty points and more, in groups, and each says where or how', () => {
  assert.deepEqual([...text.matchAll(/^## (.+)$/gm)].map(([, name]) => name), [
    'Before anything else', 'Security', 'TLS', 'Secrets', 'Isolation', 'Limits', 'Data', 'Monitoring', 'Alerts', 'Capacity', 'Deployment', 'Recovery'
  ])
  assert.ok(items.filter(({ isDone }) => isDone).length >= 40)
  assert.ok(items.filter(({ isDone }) => !isDone).length >= 15)
  for (const { rest } of items) assert.match(rest, /\]\([^)]+\)|`[^`]+`/, rest)
})

test('what is ticked leads to a file, and what is quoted stands in it', () => {
  let quotes = 0
  for (const { rest } of items.filter(({ isDone }) => isDone)) {
    const links = [...rest.matchAll(/\]\(([^)]+)\)(?: `([^`]+)`)?/g)]
    assert.ok(links.length > 0, rest)
    for (const [, link = '', quote] of links) {
      const target = join(dirname(page), link.split('#')[0] ?? '')
      assert.ok(existsSync(target), rest)
      if (quote === undefined) continue
      assert.ok(statSync(target).isFile() && readFileSync(target, 'utf8').includes(quote), `${link} has no ${quote}`)
      quotes++
    }
  }
  assert.ok(quotes > 35, `${quotes} quotes were compared`)
})

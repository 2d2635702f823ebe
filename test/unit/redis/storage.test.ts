/** STORAGE.md says what is in Redis; it is held to the code in both directions. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { STORED } from '../../../src/redis/keys.ts'

const ROOT = join(import.meta.dirname, '../../..')
const ROOM = join(ROOT, 'src/redis')

test('STORAGE.md has the rows of src/redis/keys.ts and no others', () => {
  const written = readFileSync(join(ROOT, 'STORAGE.md'), 'utf8').split('\n').filter((line) => line.startsWith('| `'))
  const rows = Object.values(STORED).map(({ name, type, ends, owner, holds }) => `| \`${name}\` | ${type} | ${ends} | ${owner} | ${holds} |`)
  assert.deepEqual(written.toSorted(), rows.toSorted())
})

test('every script says what its keys are, what it returns and when its keys end, and looks at no others', () => {
  const files = readdirSync(ROOM, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.lua'))
  assert.ok(files.length > 0)
  for (const file of files) {
    const text = readFileSync(join(ROOM, file), 'utf8')
    const [comment = ''] = /^(--.*\n)+/.exec(text) ?? []
    for (const word of ['KEYS:', 'Returns:', 'Ends:']) assert.ok(comment.includes(`\n-- ${word}`), `${file}: the opening comment has no ${word}`)
    assert.doesNotMatch(text, /redis\.call\(\s*'(KEYS|FLUSHALL|FLUSHDB|SCAN|RANDOMKEY)'/i, file)
  }
})

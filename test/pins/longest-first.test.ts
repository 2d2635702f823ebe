import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const root = new URL('../../', import.meta.url)

test('files that the test command begins with are there, each once', () => {
  const files = JSON.parse(readFileSync(new URL('test/longest-first.json', root), 'utf8')) as string[]
  assert.equal(new Set(files).size, files.length)
  for (const file of files) assert.ok(file.endsWith('.test.ts') && existsSync(new URL(file, root)), file)
})

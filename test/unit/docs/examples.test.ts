import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadSettings } from '../../../config/index.ts'

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url))

test('every gateway file that a page shows is accepted as it stands, without a fault or an unknown key', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-docs-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  let seen = 0
  for (const page of (await readdir(docs)).filter((name) => name.endsWith('.md'))) {
    for (const [, block = ''] of (await readFile(join(docs, page), 'utf8')).matchAll(/^```json\n([\s\S]*?)^```$/gm)) {
      if (!block.includes('"apiKeys"') || !block.includes('"mcpServers"')) continue
      const file = join(dir, `${page}-${++seen}.json`)
      await writeFile(file, block)
      const loaded = await loadSettings({ file, flags: {}, env: {}, cwd: dir })
      assert.ok(loaded.ok, `${page}: ${loaded.ok ? '' : JSON.stringify(loaded.error)}`)
      assert.deepEqual(loaded.value.warnings.filter((warning) => /not used|reserved/.test(warning)), [], page)
    }
  }
  assert.ok(seen >= 4, `${seen} files were seen`)
})

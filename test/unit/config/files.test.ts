import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faultsOfFile, folderWith, settingsOfFile } from './load.ts'

describe('files', () => {
  it('JSON that is broken names the line and repeats nothing of the text', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{\n  "mcpServers": {\n    "a": { "env": { "TOKEN": "sesame" }, nonsense }\n  }\n}', 'b.json': '{\n"a": topsecret\n}' })
    const [expected] = await faultsOfFile('a.json', { cwd })
    assert.match(expected?.message ?? '', /^expected valid JSON: .*line 3/)
    const [unexpected] = await faultsOfFile('b.json', { cwd })
    assert.match(unexpected?.message ?? '', /^expected valid JSON: Unexpected token .*line 2/)
    assert.doesNotMatch(`${expected?.message ?? ''}${unexpected?.message ?? ''}`, /sesame|opsecret/)
  })

  it('a key written twice in JSON is a fault with its path', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": "x"}, "b\\u0062": {"args": ["{\\"k\\":1,\\"k\\":2}", 1.5, null]}, "bb": {"command": "y"}}}' })
    const faults = await faultsOfFile('a.json', { cwd })
    assert.deepEqual(faults.filter(({ message }) => message.includes('twice')).map(({ key }) => key), ['mcpServers.bb'])
  })

  it('YAML that is broken, or has a key twice, names the line', async (test) => {
    const cwd = folderWith(test, { 'a.yaml': 'mcpServers:\n  a: { command: x\n', 'b.yml': 'mcpServers:\n  a: { command: x }\n  a: { command: y }\n' })
    assert.match((await faultsOfFile('a.yaml', { cwd }))[0]?.message ?? '', /^expected valid YAML: .*line \d/)
    assert.match((await faultsOfFile('b.yml', { cwd }))[0]?.message ?? '', /^expected valid YAML: Map keys must be unique.*line 3/)
  })

  it('a byte order mark is no part of the text; other encodings and missing files are faults', async (test) => {
    const cwd = folderWith(test, { 'bom.json': '\uFEFF{"mcpServers": {"a": {"command": "x"}}}', 'list.json': '[]' })
    assert.equal((await settingsOfFile('bom.json', { cwd })).servers.size, 1)
    assert.match((await faultsOfFile('list.json', { cwd }))[0]?.message ?? '', /expected the file to hold an object/)
    assert.deepEqual(await faultsOfFile('none.json', { cwd }), [{ key: '--config', message: 'cannot read none.json: there is no such file' }])
  })

  it('without a file the fault says how to name one', async () => {
    const { loadSettings } = await import('../../../config/index.ts')
    const loaded = await loadSettings({ env: {}, cwd: '/' })
    assert.deepEqual(loaded, { ok: false, error: [{ key: '--config', message: 'expected the gateway file, by --config FILE or DRAWBRIDGE_CONFIG' }] })
  })

  it('DRAWBRIDGE_CONFIG names the file', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": "x"}}}' })
    const { loadSettings } = await import('../../../config/index.ts')
    assert.equal((await loadSettings({ env: { DRAWBRIDGE_CONFIG: 'a.json' }, cwd })).ok, true)
    const missing = await loadSettings({ env: { DRAWBRIDGE_CONFIG: 'b.json' }, cwd })
    assert.equal(missing.ok ? '' : missing.error[0]?.key, 'DRAWBRIDGE_CONFIG')
  })
})

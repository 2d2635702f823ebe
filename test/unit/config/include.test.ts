import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faultsOfFile, folderWith, settingsOfFile } from './load.ts'

describe('include', () => {
  it('joins servers, tenants and keys of several files, relative to the including file', async () => {
    const settings = await settingsOfFile('include/main.yaml')
    assert.deepEqual([...settings.servers.keys()], ['everything', 'filesystem', 'my-notes', 'sqlite', 'team-search'])
    assert.deepEqual([...settings.tenants?.keys() ?? []], ['acme'])
    assert.deepEqual(settings.auth.apiKeys.map(({ id }) => id), ['team'])
  })

  it('a server name twice is a fault that names both files', async () => {
    const [fault, ...others] = await faultsOfFile('include/twice.yaml')
    assert.deepEqual(others, [])
    assert.equal(fault?.key, 'mcpServers.filesystem')
    assert.match(fault?.message ?? '', /"filesystem" is defined in claude-desktop\.json and in other-filesystem\.json/)
  })

  it('a cycle is a fault that shows the way round', async () => {
    const faults = await faultsOfFile('include/cycle-a.json')
    assert.equal(faults[0]?.key, 'include[0]')
    assert.match(faults[0]?.message ?? '', /include\/cycle-a\.json includes itself: include\/cycle-a\.json -> include\/cycle-b\.json -> include\/cycle-a\.json/)
  })

  it('process-wide keys belong in the main file', async () => {
    const faults = await faultsOfFile('include/process-wide.yaml')
    assert.deepEqual(faults.map(({ file, key }) => [file, key]), [['include/wide.yaml', 'limits'], ['include/wide.yaml', 'listen']])
  })

  it('a missing file and one included twice name the include entry', async (test) => {
    const cwd = folderWith(test, {
      'main.json': '{"include": ["gone.yaml", "a.json", "b.json"], "mcpServers": {}}',
      'a.json': '{"include": ["b.json"], "mcpServers": {}}',
      'b.json': '{"mcpServers": {}}'
    })
    const faults = await faultsOfFile('main.json', { cwd })
    assert.deepEqual(faults.map(({ key, message }) => `${key}: ${message}`), [
      'include[0]: cannot read gone.yaml: there is no such file',
      'include[2]: b.json is included twice, also by a.json'
    ])
  })
})

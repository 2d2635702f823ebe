import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Settings } from '../../../src/shared/settings.ts'
import { faultsOfFile, settingsOfFile } from './load.ts'

function names (settings: Settings): string[] {
  return [...settings.servers.keys()]
}

describe('files of clients load unchanged', () => {
  it('Claude Desktop: own keys ignored with a warning, disabled servers skipped, names with spaces get a slug', async () => {
    const settings = await settingsOfFile('claude-desktop.json')
    assert.deepEqual(names(settings), ['filesystem', 'my-notes', 'sqlite'])
    assert.equal(settings.servers.get('my-notes' as never)?.originalName, 'my notes')
    assert.deepEqual(settings.servers.get('my-notes' as never)?.env, { NOTES_DIR: '/home/alice/notes' })
    assert.deepEqual(settings.warnings, [
      'claude-desktop.json: globalShortcut: belongs to Claude Desktop and is ignored',
      'claude-desktop.json: preferences: belongs to Claude Desktop and is ignored',
      'claude-desktop.json: mcpServers["my notes"]: is served as my-notes: names are 1 to 32 of A-Z, a-z, 0-9, - and single _'
    ])
  })

  it('Cursor: env references, url without a type, envFile and autoApprove warned of', async () => {
    const settings = await settingsOfFile('cursor.json', { env: { GITHUB_TOKEN: 'g', LINEAR_TOKEN: 'l' } })
    assert.deepEqual([...settings.servers.values()].map(({ name, transport }) => [name, transport]), [['github', 'stdio'], ['linear', 'sse'], ['docs', 'http'], ['local', 'stdio']])
    assert.equal(settings.servers.get('github' as never)?.env['GITHUB_PERSONAL_ACCESS_TOKEN'], 'g')
    assert.equal(settings.servers.get('linear' as never)?.headers['Authorization'], 'Bearer l')
    const warned = settings.warnings.join('\n')
    assert.match(warned, /mcpServers\.local\.envFile: is not used by Drawbridge: the file is not read/)
    assert.match(warned, /mcpServers\.local\.autoApprove: is not used/)
    assert.doesNotMatch(warned, /linear|docs/)
  })

  it('VS Code: servers, inputs named as unsupported, numbers, booleans and null in env', async () => {
    const settings = await settingsOfFile('vscode.json')
    assert.deepEqual(names(settings), ['playwright', 'fetch', 'remote'])
    assert.deepEqual(settings.servers.get('fetch' as never)?.env, { FETCH_RETRIES: '3', FETCH_CACHE: 'true' })
    const warned = settings.warnings.join('\n')
    assert.match(warned, /vscode\.json: inputs: VS Code inputs are not supported/)
    assert.match(warned, /servers\.fetch\.dev: is not used/)
  })

  it('VS Code: a reference to an input is a fault that names the key', async () => {
    const [fault, ...others] = await faultsOfFile('vscode-inputs.json')
    assert.deepEqual(others, [])
    assert.equal(fault?.file, 'vscode-inputs.json')
    assert.equal(fault?.key, 'servers.perplexity.env.PERPLEXITY_API_KEY')
    assert.match(fault?.message ?? '', /\$\{input:perplexity-key\} asks the user of an editor/)
  })

  it('mcp-proxy: enabled, timeout, transportType', async () => {
    const settings = await settingsOfFile('mcp-proxy.json')
    assert.deepEqual(names(settings), ['fetch', 'github'])
    assert.match(settings.warnings.join('\n'), /mcpServers\.fetch\.timeout: is not used by Drawbridge: use timeoutMs/)
  })

  it('every spelling of a transport', async () => {
    const settings = await settingsOfFile('transports.yaml')
    assert.deepEqual(Object.fromEntries([...settings.servers.values()].map(({ name, transport }) => [name, transport])), {
      plain: 'stdio',
      stdio: 'stdio',
      sse: 'sse',
      http: 'http',
      streamablehttp: 'http',
      'streamable-http': 'http',
      'streamable-camel': 'http',
      streamable_http: 'http',
      'by-url': 'http',
      'by-sse-url': 'sse',
      'both-said': 'http'
    })
  })
})

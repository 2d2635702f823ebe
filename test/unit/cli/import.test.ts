/* eslint-disable no-template-curly-in-string */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { looksSecret } from '../../../src/cli/looks-secret.ts'
import { folderWith, run, FIXTURES } from './io.ts'

type Servers = Record<string, Record<string, unknown>>

function serversIn (text: string): Servers {
  return (parse(text) as { mcpServers: Servers }).mcpServers
}

describe('drawbridge import', () => {
  it('merges the files of all clients into one that passes check', async (test) => {
    const files = ['claude-desktop.json', 'cursor.json', 'vscode.json', 'vscode-inputs.json', 'mcp-proxy.json'].map((name) => `${FIXTURES}/${name}`)
    const { code, stdout, stderr } = await run(['import', ...files])
    assert.equal(code, 0, stderr)
    const servers = serversIn(stdout)
    assert.deepEqual(Object.keys(servers), ['filesystem', 'my notes', 'sqlite', 'old', 'github', 'linear', 'docs', 'local', 'playwright', 'fetch', 'remote', 'perplexity', 'fetch-2', 'github-2', 'paused'])
    assert.equal(servers['old']?.['disabled'], true)
    assert.equal(servers['paused']?.['enabled'], false)
    assert.deepEqual(servers['perplexity']?.['env'], { PERPLEXITY_API_KEY: '${PERPLEXITY_KEY}' })
    assert.equal('autoApprove' in (servers['local'] ?? {}), false)
    assert.match(stderr, /note: perplexity: set the environment variable PERPLEXITY_KEY/)
    assert.match(stderr, /note: local\.autoApprove: left out/)
    assert.match(stderr, /note: fetch: differs between \S+vscode\.json and \S+mcp-proxy\.json; the second is called fetch-2/)
    const cwd = folderWith(test, { 'gateway.json': stdout })
    const checked = await run(['check', '--config', 'gateway.json'], { cwd, env: { PERPLEXITY_KEY: 'x', GITHUB_TOKEN: 'x', LINEAR_TOKEN: 'x' } })
    assert.equal(checked.code, 0, checked.stdout)
  })

  it('equal entries are taken once', async () => {
    const { code, stdout, stderr } = await run(['import', 'mcp-proxy.json', `${FIXTURES}/mcp-proxy.json`])
    assert.equal(code, 0)
    assert.deepEqual(Object.keys(serversIn(stdout)), ['fetch', 'github', 'paused'])
    assert.match(stderr, /note: github: the same in mcp-proxy\.json and .*taken once/)
  })

  it('points at secrets and suggests the reference, without repeating them', async (test) => {
    const cwd = folderWith(test, {
      'a.json': JSON.stringify({
        mcpServers: {
          a: { command: 'x', args: ['--api-key', 'sesame-key', '--token=sesame-token', 'plain'], env: { GITHUB_TOKEN: 'ghp_sesame0123456789', 'db-password': 'sesame', DEBUG: 'true', OK_TOKEN: '${OK_TOKEN}' } },
          b: { url: 'https://h/mcp', headers: { Authorization: 'Bearer sesame' } }
        }
      })
    })
    const { code, stderr, stdout } = await run(['import', 'a.json'], { cwd })
    assert.equal(code, 0)
    assert.deepEqual(stderr.split('\n').filter((line) => line.includes('secret')).map((line) => line.replace(/: looks.*write /, ' -> ').replace(/ and set.*/, '')), [
      'note: a.env.GITHUB_TOKEN -> ${GITHUB_TOKEN}',
      'note: a.env.db-password -> ${DB_PASSWORD}',
      'note: a.args[1] -> ${A_API_KEY}',
      'note: a.args[2] -> ${A_TOKEN}',
      'note: b.headers.Authorization -> ${B_AUTHORIZATION}'
    ])
    assert.doesNotMatch(stderr, /sesame/)
    assert.match(stdout, /sesame/)
  })

  it('keeps what belongs to upstream servers, and says what a server inside the network needs', async (test) => {
    const remote = { url: 'https://h/mcp', headers: { 'X-Key': '${K}' }, era: 'legacy' }
    const cwd = folderWith(test, {
      'a.json': JSON.stringify({
        mcpServers: {
          remote,
          local: { url: 'http://localhost:3000/mcp' },
          port: { url: 'http://127.0.0.1:${LOCAL_PORT}/mcp' },
          lan: { type: 'http', url: 'https://192.168.1.5/mcp' },
          whole: { type: 'http', url: '${WHOLE_URL}' },
          host: { type: 'http', url: 'https://${SOME_HOST}/mcp' }
        }
      })
    })
    const { code, stdout, stderr } = await run(['import', 'a.json'], { cwd })
    assert.equal(code, 0, stderr)
    assert.deepEqual(serversIn(stdout), {
      remote,
      local: { url: 'http://localhost:3000/mcp', allowPrivateNetwork: true },
      port: { url: 'http://127.0.0.1:${LOCAL_PORT}/mcp', allowPrivateNetwork: true },
      lan: { type: 'http', url: 'https://192.168.1.5/mcp', allowPrivateNetwork: true },
      whole: { type: 'http', url: '${WHOLE_URL}' },
      host: { type: 'http', url: 'https://${SOME_HOST}/mcp' }
    })
    assert.equal(stderr.match(/note: (?:local|port|lan)\.url: leads to this machine or a private network; allowPrivateNetwork: true was added/g)?.length, 3)
  })

  it('a plain http server beyond the network stays a fault', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"url": "http://mcp.example.com/mcp"}, "b": {"url": "http://169.254.169.254/"}}}' })
    const { code, stderr } = await run(['import', 'a.json'], { cwd })
    assert.equal(code, 1)
    assert.match(stderr, /error: mcpServers\.a\.url: expected https:\/\//)
    assert.match(stderr, /error: mcpServers\.b\.url: expected an address that a server can have/)
  })

  it('VS Code settings.json, and files that hold no servers', async (test) => {
    const cwd = folderWith(test, { 'settings.json': '{"editor.fontSize": 12, "mcp": {"servers": {"a": {"command": "x"}}}}', 'other.json': '{"a": 1}' })
    assert.deepEqual(serversIn((await run(['import', 'settings.json'], { cwd })).stdout), { a: { command: 'x' } })
    const { code, stdout, stderr } = await run(['import', 'settings.json', 'other.json', 'none.json'], { cwd })
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /error: other\.json: mcpServers: expected the servers of a client/)
    assert.match(stderr, /none\.json: cannot read none\.json: there is no such file/)
  })

  it('writes nothing that would not pass check', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": "x"}, "b": {"args": [1]}}}' })
    const { code, stdout, stderr } = await run(['import', 'a.json', '--out', 'b.json'], { cwd })
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /error: mcpServers\.b\.args\[0\]: expected a string, got a number\n/)
    assert.throws(() => statSync(`${cwd}/b.json`), /ENOENT/)
  })

  it('--out writes JSON or YAML for the owner only, and replaces a file only with --force', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": "x"}}}' })
    assert.equal((await run(['import', 'a.json', '--out', 'b.yaml'], { cwd })).code, 0)
    assert.equal(readFileSync(`${cwd}/b.yaml`, 'utf8'), 'mcpServers:\n  a:\n    command: x\n')
    assert.equal(statSync(`${cwd}/b.yaml`).mode & 0o777, 0o600)
    const again = await run(['import', 'a.json', '-o', 'b.yaml'], { cwd })
    assert.equal(again.code, 1)
    assert.match(again.stderr, /b\.yaml exists already; use --force/)
    assert.equal((await run(['import', 'a.json', '-o', 'b.yaml', '--force'], { cwd })).code, 0)
    const missing = await run(['import', 'a.json', '-o', 'no/such/b.json'], { cwd })
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /cannot write no\/such\/b\.json \(ENOENT\)/)
  })

  it('the guess at secrets', () => {
    for (const [name, value] of [['API_KEY', 'abcdef123'], ['x', 'sk-abcdef'], ['x', 'ghp_abc'], ['PASSWORD', 'hunter2'], ['DATABASE_URL', 'postgres://u:p4ss@h/db'], ['x', 'eyJhbGciOiJIUzI1NiJ9.e30.x'], ['--token', 'abcdefg']]) {
      assert.equal(looksSecret(name ?? '', value ?? ''), true, `${name} ${value}`)
    }
    for (const [name, value] of [['LOG_LEVEL', 'information'], ['API_KEY', '${API_KEY}'], ['Authorization', 'Bearer ${T}'], ['KEY_FILE', '/run/secrets/key'], ['USE_TOKEN', 'true'], ['MAX_TOKENS', '4096'], ['monkey', 'banana-banana'], ['API_KEY', '']]) {
      assert.equal(looksSecret(name ?? '', value ?? ''), false, `${name} ${value}`)
    }
  })
})

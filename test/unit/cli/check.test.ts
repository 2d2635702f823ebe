import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAuthority } from '../net/certificates.ts'
import { folderWith, PROJECT, run } from './io.ts'

describe('drawbridge check', () => {
  it('prints every fault with file and key, and exits 1', async (test) => {
    const cwd = folderWith(test, { 'gateway.yaml': 'mcpServers:\n  a: { command: x, args: [1] }\n  b: {}\nlimitz: {}\n' })
    const { code, stdout, stderr } = await run(['check', '--config', 'gateway.yaml'], { cwd })
    assert.equal(code, 1)
    assert.equal(stderr, '')
    assert.deepEqual(stdout.split('\n'), [
      'error: gateway.yaml: limitz: unknown key; did you mean "limits"?',
      'error: gateway.yaml: mcpServers.a.args[0]: expected a string, got a number',
      'error: gateway.yaml: mcpServers.b: expected command (a program to start) or url (an upstream server)',
      'gateway.yaml: 3 faults',
      ''
    ])
  })

  it('prints warnings and a summary, and exits 0', async () => {
    const { code, stdout } = await run(['check', '-c', 'mcp-proxy.json'])
    assert.equal(code, 0)
    assert.match(stdout, /^warning: mcp-proxy\.json: mcpServers\.fetch\.timeout: is not used by Drawbridge: use timeoutMs\n/)
    assert.match(stdout, /mcp-proxy\.json: no faults, 2 warnings\n/)
    assert.match(stdout, /\n {4}fetch \(stdio, isolation user\)\n {4}github \(stdio, isolation user\)\n$/)
  })

  it('--json', async () => {
    const good = JSON.parse((await run(['check', '--config', 'mcp-proxy.json', '--json'])).stdout) as Record<string, unknown>
    assert.deepEqual([good['ok'], good['faults'], (good['warnings'] as unknown[]).length], [true, [], 2])
    assert.deepEqual(good['servers'], [{ name: 'fetch', transport: 'stdio', isolation: 'user' }, { name: 'github', transport: 'stdio', isolation: 'user' }])
    const { code, stdout } = await run(['check', '--config', 'vscode-inputs.json', '--json'])
    const bad = JSON.parse(stdout) as { ok: boolean, faults: { file: string, key: string, message: string }[] }
    assert.equal(code, 1)
    assert.deepEqual([bad.ok, bad.faults.map(({ file, key }) => [file, key])], [false, [['vscode-inputs.json', 'servers.perplexity.env.PERPLEXITY_API_KEY']]])
  })

  it('--mode production is stricter', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": "npx", "args": ["-y", "pkg@latest"]}}}' })
    assert.equal((await run(['check', '--config', 'a.json'], { cwd })).code, 0)
    const { code, stdout } = await run(['check', '--config', 'a.json', '--mode', 'production'], { cwd })
    assert.equal(code, 1)
    assert.match(stdout, /^error: a\.json: mcpServers\.a\.args\[1\]: expected an exact version of pkg@latest/)
  })

  it('--effective shows the settings, and no secret (T62)', async (test) => {
    const secret = 'sesame-sesame-kR8s0Qm3v9Zx1Lw7Tb5Ye2Uh6'
    const config = {
      mcpServers: {
        a: { command: 'x', args: ['--token', 'sesame-1', '--api-key=sesame-2', 'ghp_sesame3', '--plain', 'word'], env: { A: 'sesame-4', DIR: '/d/{user}' } },
        b: { url: 'https://h/s/sesame-5-sesame-5-sesame/mcp?key=sesame-6', headers: { 'X-Api-Key': 'sesame-7', Cookie: 'a=sesame-8' }, era: 'modern' }
      },
      auth: { jwt: [{ issuer: 'i', audience: 'a', tenant: 't', secretEnv: 'S' }] }
    }
    const cwd = folderWith(test, { 'a.json': JSON.stringify(config) })
    const env = { S: secret, DRAWBRIDGE_MANAGEMENT_TOKEN: secret }
    for (const flags of [['--effective'], ['--effective', '--json']]) {
      const { code, stdout } = await run(['check', '--config', 'a.json', ...flags], { cwd, env })
      assert.equal(code, 0)
      assert.doesNotMatch(stdout, /sesame/)
      assert.match(stdout, /"--plain",\s+"word"/)
      assert.match(stdout, /"DIR": "\/d\/\{user\}"/)
      assert.match(stdout, /"maxPerTenant": 20/)
      assert.match(stdout, /"url": "https:\/\/h\/s\/\*\*\*\/mcp\?\*\*\*"/)
      assert.match(stdout, /"era": "modern"/)
    }
  })

  it('shows that certificates were read, and nothing of the key', async (test) => {
    const authority = createAuthority(test)
    const { certFile, keyFile, key } = authority.issue('gateway', 'DNS:gateway.example')
    const cwd = folderWith(test, { 'a.json': JSON.stringify({ mcpServers: { a: { url: 'https://10.0.0.1/mcp', allowPrivateNetwork: true, tls: { caFile: authority.caFile, certFile, keyFile, servername: 'crm.example' } } } }) })
    const { code, stdout } = await run(['check', '--config', 'a.json', '--effective'], { cwd })
    assert.equal(code, 0, stdout)
    assert.match(stdout, /"tls": \{\s+"ca": "\(PEM\)",\s+"cert": "\(PEM\)",\s+"key": "\*\*\*",\s+"servername": "crm\.example"\s+\}/)
    assert.match(stdout, /"allowPrivateNetwork": true/)
    assert.equal(key.split('\n').filter((line) => line.length > 20).some((line) => stdout.includes(line)), false)
  })

  it('faults of headers, URLs and certificates repeat nothing of them', async (test) => {
    const config = {
      mcpServers: {
        a: { url: 'https://u:sesame@h/mcp', headers: { 'X-Key': 'sesame\r\nHost: x', Host: 'sesame', 'bad name': 'sesame', 'X-Arg': '{sesame}' } },
        b: { url: 'https://10.0.0.1/sesame' },
        c: { url: 'https://h/', tls: { caFile: 'sesame.pem', certFile: 'a.json' } }
      }
    }
    const cwd = folderWith(test, { 'a.json': JSON.stringify(config), 'sesame.pem': 'sesame-text' })
    const { code, stdout } = await run(['check', '--config', 'a.json'], { cwd })
    assert.equal(code, 1)
    assert.deepEqual(stdout.split('\n').flatMap((line) => /^error: a\.json: (.+?): /.exec(line)?.[1] ?? []), [
      'mcpServers.a.url', 'mcpServers.a.headers.X-Key', 'mcpServers.a.headers.Host', 'mcpServers.a.headers["bad name"]', 'mcpServers.a.headers.X-Arg',
      'mcpServers.b.url', 'mcpServers.c.tls.caFile', 'mcpServers.c.tls.keyFile'
    ])
    assert.doesNotMatch(stdout, /sesame/)
  })

  it('without a configuration it checks the quick start', async () => {
    const { code, stdout } = await run(['check'], { cwd: '/' })
    assert.equal(code, 0)
    assert.ok(stdout.includes(`${PROJECT}/config/examples/quickstart.json: no faults, 0 warnings`))
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runCli } from '../../../src/cli/index.ts'
import { until } from '../../helpers/until.ts'
import { createAuthority } from '../net/certificates.ts'
import { folderWith, run, testIo } from './io.ts'

describe('credentials of upstream servers', () => {
  it('are in nothing that a command prints (T62)', async (test) => {
    const authority = createAuthority(test)
    const { certFile, keyFile, key } = authority.issue('gateway', 'DNS:gateway.example')
    const config = {
      listen: { port: 0 },
      management: { port: 0 },
      mcpServers: { crm: { url: 'https://crm.example.com/s/sesame-1-sesame-1-sesame/mcp?key=sesame-2', headers: { 'X-Api-Key': '${K}', Cookie: 'sid=sesame-3', 'X-Plain': 'sesame-4' }, tls: { certFile, keyFile } } } // eslint-disable-line no-template-curly-in-string
    }
    const cwd = folderWith(test, { 'a.json': JSON.stringify(config) })
    const options = { cwd, env: { K: 'sesame-5', PATH: cwd } }
    const printed = [
      await run(['check', '--config', 'a.json'], options),
      await run(['check', '--config', 'a.json', '--json', '--effective'], options),
      await run(['import', 'a.json', '--out', 'b.json'], options)
    ].map(({ stdout, stderr }) => stdout + stderr)
    const serving = testIo(options)
    const exit = runCli(['serve', '--config', 'a.json'], serving.io)
    await until('the start', () => serving.started.length > 0)
    serving.signal('SIGTERM')
    await exit
    printed.push(serving.stdout() + serving.stderr())
    const secrets = ['sesame', ...key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'))]
    for (const text of printed) {
      assert.ok(text.length > 50)
      for (const secret of secrets) assert.equal(text.includes(secret), false, text)
    }
    assert.equal(serving.started[0]?.servers.get('crm' as never)?.headers['X-Api-Key'], 'sesame-5')
  })
})

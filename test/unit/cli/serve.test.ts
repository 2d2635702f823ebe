import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { runCli } from '../../../src/cli/index.ts'
import { until } from '../../helpers/until.ts'
import { FIXTURES, folderWith, PROJECT, run, testIo } from './io.ts'
import type { TestIo, TestIoOptions } from './io.ts'

/** Runs `serve` until it has started, and ends it with a signal when the test is done. */
async function serving (test: TestContext, argv: readonly string[], options: TestIoOptions = {}): Promise<TestIo & { exit: Promise<number> }> {
  const target = testIo(options)
  const exit = runCli(['serve', ...argv], target.io)
  test.after(async () => { target.signal('SIGTERM'); await exit })
  await until('the start', () => target.started.length > 0)
  return { ...target, exit }
}

const ONE = { 'a.json': '{"mcpServers": {"a": {"command": "x"}}}' }
const WITH_KEY = { 'a.json': JSON.stringify({ mcpServers: { a: { command: 'x' } }, auth: { apiKeys: [{ id: 'k', sha256: 'ab'.repeat(32), tenant: 't', user: 'u' }] } }) }

describe('drawbridge serve: what it starts', () => {
  it('a configuration with faults starts nothing and exits 1', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": 1}}}' })
    const { code, stdout, stderr } = await run(['serve', '--config', 'a.json', '--port', 'x'], { cwd })
    assert.deepEqual([code, stdout], [1, ''])
    assert.deepEqual(stderr.split('\n'), [
      'error: --port: expected a port from 0 to 65535, got "x"',
      'error: a.json: mcpServers.a.command: expected a string, got a number',
      'drawbridge serve: not started, 2 faults in the configuration',
      ''
    ])
  })

  it('flags reach the settings; warnings go to stderr', async (test) => {
    const { started, stderr } = await serving(test, ['--config', 'mcp-proxy.json', '--host', 'localhost', '--port', '9', '--log-level', 'warn', '--mode', 'development'])
    assert.deepEqual([started[0]?.listen, started[0]?.logLevel], [{ host: 'localhost', port: 9 }, 'warn'])
    assert.match(stderr(), /^warning: mcp-proxy\.json: mcpServers\.fetch\.timeout/)
  })

  it('DRAWBRIDGE_CONFIG is served, and --config wins over it', async (test) => {
    const cwd = folderWith(test, { ...ONE, 'b.json': '{"mcpServers": {"b": {"command": "x"}}}' })
    const env = { DRAWBRIDGE_CONFIG: 'b.json' }
    assert.deepEqual([...(await serving(test, [], { cwd, env })).started[0]?.servers.keys() ?? []], ['b'])
    assert.deepEqual([...(await serving(test, ['--config', 'a.json'], { cwd, env })).started[0]?.servers.keys() ?? []], ['a'])
  })

  it('an address that cannot be had is one line and exit code 1', async (test) => {
    const cwd = folderWith(test, WITH_KEY)
    const startGateway = async () => { throw Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', address: '127.0.0.1', port: 8080 }) }
    const { code, stderr } = await run(['serve', '--config', 'a.json'], { cwd, startGateway })
    assert.equal(code, 1)
    assert.match(stderr, /^drawbridge serve: another program listens on 127\.0\.0\.1:8080 already; [^\n]*--port[^\n]*\n$/)
  })
})

describe('drawbridge serve: the development key', () => {
  it('quick start: the project\'s own example, a key that works, and everything to paste', async (test) => {
    const { started, stdout, stderr } = await serving(test, ['--no-warm', '--port', '0'], { cwd: FIXTURES })
    const [settings] = started
    assert.deepEqual([...settings?.servers.keys() ?? []], ['everything', 'filesystem', 'memory', 'sequential-thinking'])
    assert.equal(settings?.servers.get('filesystem' as never)?.args.at(-1), `${PROJECT}/data/{tenant}/{user}/files`)
    const key = /^ {2}Key {8}(db_dev_[\w-]{43})$/m.exec(stdout())?.[1] ?? ''
    assert.deepEqual(settings?.auth.apiKeys, [{ id: 'dev', sha256: createHash('sha256').update(key).digest('hex'), tenant: 'dev', user: 'you' }])
    assert.ok(Object.isFrozen(settings) && Object.isFrozen(settings?.auth.apiKeys[0]))
    assert.equal(stderr(), '')
    const json = jsonBlocks(stdout())
    assert.deepEqual(json.length, 3)
    const bearer = `Bearer ${key}`
    assert.deepEqual(json[0]?.['mcpServers'], { drawbridge: { command: 'npx', args: ['-y', 'mcp-remote@0.15.1', 'http://127.0.0.1:4321/mcp', '--header', 'Authorization:$' + '{DRAWBRIDGE_AUTH}'], env: { DRAWBRIDGE_AUTH: bearer } } })
    assert.deepEqual(json[1]?.['mcpServers'], { drawbridge: { url: 'http://127.0.0.1:4321/mcp', headers: { Authorization: bearer } } })
    assert.deepEqual(json[2]?.['servers'], { drawbridge: { type: 'http', url: 'http://127.0.0.1:4321/mcp', headers: { Authorization: bearer } } })
    assert.match(stdout(), /\n {2}curl -sS [^\n]*'\{"tool_name":"echo","arguments":\{"message":"hello"\}\}' 'http:\/\/127\.0\.0\.1:4321\/servers\/everything\/tools'\n/)
    assert.match(stdout(), /\n {2}curl -sS -i [^\n]*"method":"initialize"[^\n]*'http:\/\/127\.0\.0\.1:4321\/mcp'\n/)
    assert.doesNotMatch(stdout(), /^\{/m)
  })

  it('installed as a dependency, the quick start writes into the current folder', async (test) => {
    const root = folderWith(test)
    const projectDir = `${root}/node_modules/drawbridge`
    const { cpSync } = await import('node:fs')
    cpSync(`${PROJECT}/config/examples`, `${projectDir}/config/examples`, { recursive: true })
    const { started } = await serving(test, ['--no-warm'], { cwd: root, projectDir })
    assert.equal(started[0]?.servers.get('filesystem' as never)?.args.at(-1), `${root}/data/{tenant}/{user}/files`)
  })

  it('a configuration without credentials gets one, too; a first call is the client\'s initialize', async (test) => {
    const { started, stdout } = await serving(test, ['--config', 'a.json'], { cwd: folderWith(test, ONE) })
    assert.equal(started[0]?.auth.apiKeys[0]?.id, 'dev')
    assert.match(stdout(), /Servers {4}a\n/)
    assert.doesNotMatch(stdout(), /everything/)
  })

  it('belongs to a tenant that exists', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": "x"}}, "tenants": {"acme": {}, "globex": {}}}', 'none.json': '{"mcpServers": {"a": {"command": "x"}}, "tenants": {}}' })
    assert.equal((await serving(test, ['--config', 'a.json'], { cwd })).started[0]?.auth.apiKeys[0]?.tenant, 'acme')
    assert.deepEqual((await serving(test, ['--config', 'none.json'], { cwd })).started[0]?.auth.apiKeys, [])
  })

  it('is never made beside real credentials, in production, or beyond loopback', async (test) => {
    const own = await serving(test, ['--config', 'a.json'], { cwd: folderWith(test, WITH_KEY) })
    assert.deepEqual([own.started[0]?.auth.apiKeys.map(({ id }) => id), own.stdout()], [['k'], ''])
    assert.equal(own.stderr(), 'drawbridge serves a.json on http://127.0.0.1:8080\n')
    const production = await serving(test, ['--config', 'a.json', '--mode', 'production'], { cwd: folderWith(test, ONE) })
    assert.deepEqual(production.started[0]?.auth.apiKeys, [])
    const open = await run(['serve', '--host', '0.0.0.0'])
    assert.equal(open.code, 1)
    assert.match(open.stderr, /quickstart\.json: auth: expected at least one entry in auth\.apiKeys or auth\.jwt, because the gateway listens on 0\.0\.0\.0 \(set by --host or HOST\)/)
  })

  it('publicUrl is what clients are told, unless its port was left open', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": "x"}}, "http": {"publicUrl": "https://mcp.example.com"}}' })
    assert.match((await serving(test, ['--config', 'a.json', '--port', '0'], { cwd })).stdout(), /"url": "https:\/\/mcp\.example\.com\/mcp"/)
  })
})

describe('drawbridge serve: how it ends', () => {
  it('the first signal drains and exits 0', async (test) => {
    const target = await serving(test, ['--config', 'a.json'], { cwd: folderWith(test, WITH_KEY) })
    target.signal('SIGTERM')
    assert.equal(await target.exit, 0)
    assert.deepEqual(target.told, ['close SIGTERM'])
  })

  it('a signal that comes during the start ends what has started; a second one does not wait for it', async (test) => {
    const cwd = folderWith(test, WITH_KEY)
    const standing = Promise.withResolvers<void>()
    const target = testIo({ cwd, standing: standing.promise })
    const exit = runCli(['serve', '--config', 'a.json'], target.io)
    target.signal('SIGINT')
    // npm passes it on.
    target.signal('SIGINT')
    standing.resolve()
    assert.equal(await exit, 0)
    assert.deepEqual([target.started.length, target.told], [1, ['close SIGINT']])
    const never = testIo({ cwd, standing: new Promise(() => {}) })
    const ended = runCli(['serve', '--config', 'a.json'], never.io)
    never.signal('SIGINT')
    never.signal('SIGTERM')
    assert.equal(await ended, 1)
    assert.equal(never.stderr(), 'drawbridge: second signal (SIGTERM) before the start was over, ending at once\n')
  })

  it('a second signal ends at once and exits 1', async (test) => {
    const draining = Promise.withResolvers<void>()
    const told: string[] = []
    const gateway = { close: async (reason: string) => { told.push(reason); await draining.promise }, closeNow: async () => { told.push('now') } }
    const target = await serving(test, ['--config', 'a.json'], { cwd: folderWith(test, WITH_KEY), gateway })
    target.signal('SIGINT')
    target.signal('SIGTERM')
    target.signal('SIGTERM')
    assert.equal(await target.exit, 1)
    assert.deepEqual(told, ['SIGINT', 'now'])
    assert.match(target.stderr(), /second signal \(SIGTERM\), ending at once/)
    draining.resolve()
  })

  it('one Ctrl-C that arrives twice, from the terminal and from npm, is one', async (test) => {
    const draining = Promise.withResolvers<void>()
    const told: string[] = []
    const gateway = { close: async (reason: string) => { told.push(reason); await draining.promise }, closeNow: async () => { told.push('now') } }
    const target = await serving(test, ['--config', 'a.json'], { cwd: folderWith(test, WITH_KEY), gateway })
    target.signal('SIGINT')
    target.signal('SIGINT')
    draining.resolve()
    assert.equal(await target.exit, 0)
    assert.deepEqual(told, ['SIGINT'])
  })
})

describe('drawbridge serve --warm', () => {
  /** A folder with a program called npm, and a configuration of servers that npx starts. */
  function withNpm (test: TestContext, body: string): { cwd: string, env: Record<string, string> } {
    const cwd = folderWith(test, {
      npm: `#!/bin/sh\necho "$npm_config_cache|$*" >> "$PWD/../calls"\n${body}\n`,
      'a.json': JSON.stringify({
        mcpServers: {
          a: { command: 'npx', args: ['-y', 'a@1.0.0'] },
          same: { command: 'npx', args: ['-y', 'a@1.0.0', '/other'] },
          b: { command: 'npx', args: ['-p', 'b@2.0.0', '-p', 'c@3.0.0', 'b'] },
          python: { command: 'uvx', args: ['d==1'] },
          far: { url: 'https://example.com/mcp' }
        }
      })
    })
    return { cwd, env: { PATH: `${cwd}:/usr/bin:/bin`, HOME: '/home/somebody' } }
  }
  const callsIn = (cwd: string) => existsSync(`${cwd}/calls`) ? readFileSync(`${cwd}/calls`, 'utf8').trim().split('\n') : []

  it('fetches each distinct set of npx packages once, into the cache of the workers, one line for each', async (test) => {
    const { cwd, env } = withNpm(test, 'exit 0')
    const target = await serving(test, ['--config', 'a.json', '--warm'], { cwd, env })
    await until('the end of fetching', () => target.stderr().includes('[2/2]'))
    assert.deepEqual(callsIn(cwd), [
      '/home/somebody/.npm|exec --yes --package=a@1.0.0 -- node -e 0',
      '/home/somebody/.npm|exec --yes --package=b@2.0.0 --package=c@3.0.0 -- node -e 0'
    ])
    assert.match(target.stderr(), / {2}\[1\/2\] a@1\.0\.0 is here after \d+\.\d s\n {2}\[2\/2\] b@2\.0\.0 c@3\.0\.0 is here after \d+\.\d s\n$/)
  })

  it('a failure is told in a few words and stops nothing', async (test) => {
    const { cwd, env } = withNpm(test, 'case "$*" in *a@1*) echo "npm error code E404" >&2; echo "npm error 404 Not Found - a" >&2; exit 1;; esac')
    const target = await serving(test, ['--config', 'a.json', '--warm'], { cwd, env })
    await until('the end of fetching', () => target.stderr().includes('[2/2]'))
    assert.match(target.stderr(), /\[1\/2\] a@1\.0\.0 could not be fetched \(404 Not Found - a\); its first call tries again\n {2}\[2\/2\] b@2\.0\.0 c@3\.0\.0 is here/)
  })

  it('a terminal sees one line that is written over', async (test) => {
    const { cwd, env } = withNpm(test, 'exit 0')
    const target = await serving(test, ['--config', 'a.json', '--warm'], { cwd, env, terminal: true })
    await until('the end of fetching', () => target.stderr().includes('[2/2] b@2.0.0 c@3.0.0 is here'))
    // Written over once a second, where it takes longer than that.
    assert.match(target.stderr().replaceAll('\r\u001b[2K', '|'), /\| {2}\[1\/2\] fetching a@1\.0\.0 … 0\.0 s(?:\| {2}\[1\/2\] fetching [^|]*)*\| {2}\[1\/2\] a@1\.0\.0 is here/)
  })

  it('ends with the gateway, with everything that npm started', async (test) => {
    const { cwd, env } = withNpm(test, 'sleep 300 & echo $! > "$PWD/../pid"; wait')
    const target = await serving(test, ['--config', 'a.json', '--warm'], { cwd, env })
    const pid = Number(await until('the child of npm', () => existsSync(`${cwd}/pid`) && readFileSync(`${cwd}/pid`, 'utf8').trim()))
    target.signal('SIGTERM')
    assert.equal(await target.exit, 0)
    await until('the end of npm\'s child', () => !isRunning(pid))
    assert.equal(callsIn(cwd).length, 1)
  })

  it('is not done for a configuration of one\'s own unless asked for', async (test) => {
    const { cwd, env } = withNpm(test, 'exit 0')
    const target = await serving(test, ['--config', 'a.json'], { cwd, env })
    target.signal('SIGTERM')
    await target.exit
    assert.deepEqual(callsIn(cwd), [])
  })
})

function isRunning (pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The indented JSON texts among other lines. */
function jsonBlocks (text: string): Record<string, unknown>[] {
  return [...text.matchAll(/^ {2}\{\n[\s\S]*?^ {2}\}$/gm)].map(([block]) => JSON.parse(block) as Record<string, unknown>)
}

/** Launcher commands as plain binaries: real packages without a registry, and versions that change under a running gateway (T43, T46). */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { startRegistry, type PackageRegistry } from '../helpers/package-registry.ts'
import type { ProcessEntry } from '../helpers/processes.ts'
import { missing, npxServer, uvxServer } from '../helpers/programs.ts'
import { removeStore } from '../helpers/remove-store.ts'
import { manyUsers, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'
import { run } from '../unit/cli/io.ts'

/** A port of loopback where nobody listens: what needs a registry fails at once. */
const NO_REGISTRY = 'http://127.0.0.1:9'

async function packages (cwd: string, env: Readonly<Record<string, string | undefined>>, command: string, ...words: string[]): Promise<void> {
  const { code, stderr } = await run(['packages', command, '--config', join(cwd, 'gateway.json'), ...words], { cwd, env })
  assert.equal(code, 0, stderr)
}

describe('real packages, from caches to the store, and on without a registry', { skip: missing('clients', 'npx', 'uvx') }, () => {
  it('production: npx and uvx servers start as plain binaries, contained or not, with nothing to fetch from', async (t) => {
    const clone = await mkdtemp(join(tmpdir(), 'drawbridge-packages-'))
    t.after(() => removeStore(clone))
    // What the caches lack, such as metadata that npx did not need, comes from the registry.
    const npx = npxServer('sequential-thinking')
    const cached = { thinking: { ...npx, env: { ...npx.env, npm_config_offline: 'false', npm_config_prefer_offline: 'true' } }, time: { ...uvxServer('time'), args: uvxServer('time').args.map((arg) => arg.replace('@', '==')) } }
    writeFileSync(join(clone, 'gateway.json'), JSON.stringify({ mcpServers: cached }))
    const store = join(clone, 'store')
    await packages(clone, { ...process.env, DRAWBRIDGE_PACKAGES: store }, 'lock')

    const gateway = await startGateway({
      config: { mode: 'production', limits: roomyLimits, mcpServers: { thinking: { ...cached.thinking, env: {}, sandbox: { level: 'none' } }, time: { ...cached.time, env: {}, sandbox: { level: 'namespace' } } } },
      files: { 'gateway.lock.json': readFileSync(join(clone, 'gateway.lock.json'), 'utf8') },
      env: { DRAWBRIDGE_PACKAGES: store, npm_config_registry: NO_REGISTRY, UV_DEFAULT_INDEX: NO_REGISTRY }
    })
    t.after(() => gateway.stop())
    const thinking = gateway.wire('alice', 'thinking')
    await thinking.open()
    assert.match(textOf(await thinking.call('sequentialthinking', { thought: 'first', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 })), /"thoughtNumber": 1/)
    const time = gateway.wire('alice', 'time')
    await time.open()
    assert.match(textOf(await time.call('convert_time', { source_timezone: 'Etc/UTC', time: '12:00', target_timezone: 'Asia/Tokyo' })), /21:00/)
    const commands = gateway.workers().map(commandLine)
    assert.equal(commands.filter((each) => each.startsWith(process.execPath) && each.includes(store)).length, 1, 'the server\'s own process, and no other of it')
    assert.deepEqual(commands.filter((each) => /\b(?:npx|npm|uvx|uv)\b/.test(each.replaceAll(store, ''))), [])
  })
})

/** Arguments of a process, with spaces between them; empty when it has gone. */
function commandLine ({ pid }: ProcessEntry): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** An MCP server in a few lines that knows its version. */
const server = (version: string) => ({
  'server.js': `#!/usr/bin/env node
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line)
  const results = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'tiny', version: '${version}' } },
    ping: {},
    'tools/list': { tools: [{ name: 'version', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text: '${version}' }] }
  }
  if (id === undefined) return
  const answer = method in results ? { result: results[method] } : { error: { code: -32601, message: 'Method not found' } }
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...answer }) + '\\n')
})
`
})

interface Running { readonly gateway: TestGateway, readonly registry: PackageRegistry, readonly env: Record<string, string> }

/** A gateway with one server that npx starts, on a registry that the test fills, and one user for each look. */
async function serveTiny (t: TestContext): Promise<Running> {
  const cleanUps: (() => Promise<void>)[] = []
  t.after(async () => { for (const cleanUp of cleanUps.reverse()) await cleanUp() })
  const registry = await startRegistry((done) => cleanUps.push(done))
  registry.publishNpm('tiny', '1.0.0', server('1.0.0'), { bin: 'server.js' })
  const env = await registry.environment()
  const store = await mkdtemp(join(tmpdir(), 'drawbridge-packages-'))
  cleanUps.push(() => removeStore(store))
  const own = { ...env, DRAWBRIDGE_PACKAGES: store }
  const gateway = await startGateway({
    config: { limits: roomyLimits, mcpServers: { tiny: { command: 'npx', args: ['-y', 'tiny@^1.0.0'], isolation: 'user', era: 'legacy', sandbox: { level: 'none' } } } },
    users: manyUsers(200),
    env: own
  })
  cleanUps.push(async () => { await gateway.stop() })
  return { gateway, registry, env: own }
}

/** Somebody whose worker does not run yet. */
const nextUser = (): string => `u${users++}`
let users = 0

async function opened (gateway: TestGateway, user: string): Promise<LegacyWire> {
  const wire = gateway.wire(user, 'tiny')
  await wire.open()
  return wire
}

async function versionFor (gateway: TestGateway, user: string): Promise<string> {
  return textOf(await (await opened(gateway, user)).call('version'))
}

const isFromStore = (worker: ProcessEntry): boolean => commandLine(worker).includes('/tree/node_modules/tiny/server.js')

describe('versions under a running gateway', () => {
  it('a lock that appears, an update beside a worker of the old version, a rollback, a tampered store', async (t) => {
    const { gateway, registry, env } = await serveTiny(t)
    const warnings = () => gateway.logs().filter(({ event }) => event === 'packages_unlocked')
    assert.equal(await versionFor(gateway, nextUser()), '1.0.0', 'started as written')
    await until('the warning', () => warnings().length > 0)
    assert.deepEqual(warnings().map(({ server: name, reason }) => [name, reason]), [['tiny', 'its packages are not locked: run drawbridge packages lock']])

    await packages(gateway.dir, env, 'lock')
    registry.publishNpm('tiny', '1.1.0', server('1.1.0'), { bin: 'server.js' })
    // The gateway looks for a new lock once a second; until then new workers are started as before.
    const old = await until('a worker from the store', async () => {
      const wire = await opened(gateway, nextUser())
      return gateway.workers().some(isFromStore) && wire
    })
    assert.equal(textOf(await old.call('version')), '1.0.0')

    await packages(gateway.dir, { ...env, npm_config_prefer_online: 'true' }, 'update', 'tiny')
    await until('a worker of the new version', async () => await versionFor(gateway, nextUser()) === '1.1.0')
    assert.equal(textOf(await old.call('version')), '1.0.0', 'the old worker lives on')

    await registry.close()
    await packages(gateway.dir, env, 'rollback', 'tiny')
    await until('a worker of the version before', async () => await versionFor(gateway, nextUser()) === '1.0.0')
    assert.equal(warnings().length, 1, 'told once')
  })

  it('a file that changed in the store is not started; the log names the package and what mends it', async (t) => {
    const { gateway, env } = await serveTiny(t)
    await packages(gateway.dir, env, 'lock')
    const folder = env['DRAWBRIDGE_PACKAGES'] ?? ''
    const file = join(folder, readdirSync(folder).find((name) => name.startsWith('tiny@')) ?? '', 'tree/node_modules/tiny/server.js')
    chmodSync(file, statSync(file).mode | 0o200)
    writeFileSync(file, `${readFileSync(file, 'utf8')}// evil\n`)
    const refused = await versionFor(gateway, nextUser()).then(() => undefined, (error: unknown) => String(error))
    assert.match(refused ?? '', /could not be started|initialize: /)
    const failure = await until('the log tells', () => gateway.logs().find(({ event }) => event === 'start_failed'))
    assert.equal(failure['code'], 'GW_UPSTREAM_START')
    assert.match(String(failure['reason']), /^the store's copy of tiny@1\.0\.0 is not what was installed: .*, then run drawbridge packages install$/)
    assert.equal(existsSync(file), true)
    assert.equal(gateway.workers().length, 0)
    await packages(gateway.dir, env, 'install')
    assert.equal(await until('it is started again', async () => await versionFor(gateway, nextUser()).catch(() => undefined)), '1.0.0')
  })
})

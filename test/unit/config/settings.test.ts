import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { loadSettings } from '../../../config/index.ts'
import type { Settings } from '../../../src/shared/settings.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { folderWith, oneServer, settingsOf, SHA } from './load.ts'

async function one (entry: Readonly<Record<string, unknown>>, cwd = '/work-dir'): Promise<ServerSettings> {
  const server = (await settingsOf(oneServer(entry), { cwd })).servers.get('one' as never)
  assert.ok(server)
  return server
}

describe('settings', () => {
  it('defaults of an entry and of the gateway', async () => {
    const { servers, ...settings } = await settingsOf(oneServer())
    const { entryHash, ...server } = servers.get('one' as never) as ServerSettings
    assert.match(entryHash, /^[0-9a-f]{64}$/)
    assert.deepEqual(server, {
      name: 'one',
      transport: 'stdio',
      command: 'server',
      args: [],
      env: {},
      sandbox: { level: 'auto', network: ['*'], pids: 256, readOnly: [], writable: [] },
      allowScripts: [],
      headers: {},
      allowPrivateNetwork: false,
      era: 'auto',
      isolation: 'user',
      roots: 'filtered',
      capabilities: 'client',
      interactive: false,
      pool: { warm: 0, max: 50, maxPerTenant: 20, idleMs: 300_000 },
      timeoutMs: 60_000,
      maxTimeoutMs: 600_000,
      startTimeoutMs: 30_000,
      cancelOnDisconnect: false,
      retries: { attempts: 2, budgetPercent: 10 },
      tools: { deny: [], timeoutMs: {}, callsPerMinute: {} },
      prompts: { deny: [] },
      resources: { deny: [] }
    })
    assert.deepEqual(settings, {
      revision: 1,
      mode: 'development',
      listen: { host: '127.0.0.1', port: 8080 },
      management: { host: '127.0.0.1', port: 8081 },
      http: { publicUrl: 'http://127.0.0.1:8080', allowedHosts: ['127.0.0.1', 'localhost', '[::1]'], allowedOrigins: [], trustedProxies: [], maxBodyBytes: 4_194_304 },
      auth: { apiKeys: [], jwt: [] },
      limits: { callsPerMinute: 100, requestsPerMinute: 600, initializePerMinute: 120, concurrentCalls: 32, totalConcurrentCalls: 5000, ipRequestsPerMinute: 600 },
      sessions: { idleMs: 1_800_000, maxPerUser: 100 },
      cache: { listTtlMs: 60_000, maxBytes: 67_108_864 },
      pool: { maxWorkers: 200, maxWorkersPerTenant: 100, maxWorkersPerUser: 20, maxStarting: Math.max(4, 2 * availableParallelism()) },
      drainMs: 30_000,
      processes: 1,
      stateDir: '/work-dir/.drawbridge',
      logLevel: 'info',
      warnings: []
    })
  })

  it('flags win over the environment, the environment over the file', async () => {
    const document = oneServer({}, { listen: { host: '127.0.0.2', port: 1 }, mode: 'development', logLevel: 'error', stateDir: 'a', management: { port: 5 } })
    const env = { HOST: '127.0.0.3', PORT: '2', LOG_LEVEL: 'debug', DRAWBRIDGE_STATE_DIR: '/b', DRAWBRIDGE_MANAGEMENT_PORT: '6', DRAWBRIDGE_MANAGEMENT_HOST: '::1' }
    const fromFile = await settingsOf(document)
    assert.deepEqual([fromFile.listen, fromFile.logLevel, fromFile.stateDir, fromFile.management], [{ host: '127.0.0.2', port: 1 }, 'error', '/work-dir/a', { host: '127.0.0.1', port: 5 }])
    const fromEnv = await settingsOf(document, { env })
    assert.deepEqual([fromEnv.listen, fromEnv.logLevel, fromEnv.stateDir, fromEnv.management], [{ host: '127.0.0.3', port: 2 }, 'debug', '/b', { host: '::1', port: 6 }])
    const fromFlags = await settingsOf(document, { env, flags: { host: '127.0.0.4', port: '3', logLevel: 'warn', mode: 'production' } })
    assert.deepEqual([fromFlags.listen, fromFlags.logLevel, fromFlags.mode], [{ host: '127.0.0.4', port: 3 }, 'warn', 'production'])
  })

  it('the management token comes from the environment or a file', async (test) => {
    const folder = folderWith(test, { token: `${SHA}\n` })
    assert.equal((await settingsOf(oneServer(), { env: { DRAWBRIDGE_MANAGEMENT_TOKEN: SHA } })).management.token, SHA)
    assert.equal((await settingsOf(oneServer(), { env: { DRAWBRIDGE_MANAGEMENT_TOKEN_FILE: `${folder}/token` } })).management.token, SHA)
  })

  it('a snapshot cannot be changed anywhere', async () => {
    const settings = await settingsOf(oneServer({ env: { A: '1' }, capabilities: { fixed: { sampling: {} } } }, { tenants: { acme: { servers: ['one'] } }, auth: { apiKeys: [{ id: 'k', sha256: SHA, tenant: 'acme', user: 'u', scopes: [] }] } }))
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return
      assert.ok(Object.isFrozen(value), `${path} is not frozen`)
      const members = value instanceof Map ? [...value] as [string, unknown][] : Object.entries(value)
      for (const [key, member] of members) walk(member, `${path}.${key}`)
    }
    walk(settings, 'settings')
    for (const map of [settings.servers, settings.tenants] as unknown as Map<string, unknown>[]) {
      assert.throws(() => map.set('x', 1), /frozen/)
      assert.throws(() => map.delete('one'), /frozen/)
      assert.throws(() => map.clear(), /frozen/)
    }
    assert.equal(settings.servers.size, 1)
    assert.equal(settings.tenants?.size, 1)
  })

  it('a shared document is not frozen by loading it', async () => {
    const document = oneServer({ args: ['a'] })
    await settingsOf(document)
    assert.equal(Object.isFrozen((document['mcpServers'] as { one: object }).one), false)
  })

  it('the entry hash changes with the effective entry and with nothing else', async () => {
    const hash = async (entry: Readonly<Record<string, unknown>>, env = {}) => (await settingsOf(oneServer(entry), { env })).servers.get('one' as never)?.entryHash
    const plain = await hash({ args: ['a'], env: { A: '1', B: '2' } })
    assert.equal(await hash({ env: { B: '2', A: '1' }, args: ['a'], isolation: 'user', autoApprove: [] }), plain)
    assert.notEqual(await hash({ args: ['a'], env: { A: '1', B: '3' } }), plain)
    assert.notEqual(await hash({ args: ['a', ''], env: { A: '1', B: '2' } }), plain)
    const reference = { args: ['$' + '{X}'] }
    assert.notEqual(await hash(reference, { X: '1' }), await hash(reference, { X: '2' }))
  })

  it('launchers that may download get more time to start', async () => {
    const start = async (command: string, ...args: string[]) => (await one({ command, args })).startTimeoutMs
    for (const [command, ...args] of [['npx', 'a@1.0.0'], ['/usr/bin/npx', 'a@1.0.0'], ['uvx', 'a==1'], ['pnpm', 'dlx', 'a@1.0.0'], ['bunx', 'a@1.0.0'], ['pipx', 'run', 'a'], ['docker', 'run', '-i', 'a'], ['npm', 'exec', 'a@1.0.0']] as [string, ...string[]][]) {
      assert.equal(await start(command, ...args), 180_000, command)
    }
    for (const [command, ...args] of [['node', 'a.js'], ['npm', 'start'], ['my-npx']] as [string, ...string[]][]) assert.equal(await start(command, ...args), 30_000, command)
    assert.equal((await one({ command: 'npx', args: ['a@1.0.0'], startTimeoutMs: 5 })).startTimeoutMs, 5)
  })

  it('a long deadline stretches the latest end with it', async () => {
    assert.equal((await one({ timeoutMs: 900_000 })).maxTimeoutMs, 900_000)
  })

  it('lists: absent and empty stay apart', async () => {
    const settings = await settingsOf(oneServer({ tools: { allow: [] }, prompts: {} }, { tenants: { none: { servers: [] }, all: {} }, auth: { apiKeys: [{ id: 'k', sha256: SHA, tenant: 'all', user: 'u', scopes: [] }, { id: 'l', sha256: SHA.replace('3', '4'), tenant: 'all', user: 'u' }] } }))
    const server = settings.servers.get('one' as never)
    assert.deepEqual([server?.tools.allow, server?.prompts.allow], [[], undefined])
    assert.deepEqual([...settings.tenants?.values() ?? []].map(({ servers }) => servers), [[], undefined])
    assert.deepEqual(settings.auth.apiKeys.map(({ scopes }) => scopes), [[], undefined])
  })

  it('allowed hosts hold the public host and the loopback names, unless a list was written', async () => {
    const hosts = async (http: object) => (await settingsOf(oneServer({}, { http }))).http.allowedHosts
    assert.deepEqual(await hosts({ publicUrl: 'https://MCP.example.com:8443/' }), ['mcp.example.com', 'localhost', '127.0.0.1', '[::1]'])
    assert.deepEqual(await hosts({ publicUrl: 'https://mcp.example.com', allowedHosts: [] }), ['mcp.example.com', 'localhost', '127.0.0.1', '[::1]'])
    assert.deepEqual(await hosts({ allowedHosts: ['Gateway.internal:8080', '[::1]'] }), ['gateway.internal:8080', '[::1]'])
    assert.equal((await settingsOf(oneServer({}, { http: { publicUrl: 'https://mcp.example.com/' } }))).http.publicUrl, 'https://mcp.example.com')
  })

  it('servers of a tenant may be called by their original name', async () => {
    const settings = await settingsOf({ mcpServers: { 'my notes': { command: 'x' } }, tenants: { a: { servers: ['my notes'] }, b: { servers: ['my-notes'] } } })
    assert.deepEqual([...settings.tenants?.values() ?? []].map(({ servers }) => servers), [['my-notes'], ['my-notes']])
  })

  it('names that objects have by nature are names like others', async () => {
    const text = '{"mcpServers":{"__proto__":{"command":"a"},"constructor":{"command":"b"},"toString":{"command":"c","env":{"__proto__":"d"}}}}'
    const settings = await settingsOf(JSON.parse(text) as Record<string, unknown>)
    assert.deepEqual([...settings.servers.keys()], ['proto', 'constructor', 'toString'])
    assert.equal(Object.getOwnPropertyDescriptor(settings.servers.get('toString' as never)?.env, '__proto__')?.value, 'd')
    assert.equal(({} as { command?: string }).command, undefined)
  })

  it('the revision is the one asked for', async () => {
    const loaded = await loadSettings({ document: oneServer(), env: {}, cwd: '/', revision: 7 })
    assert.equal(loaded.ok ? (loaded.value satisfies Settings).revision : 0, 7)
  })
})

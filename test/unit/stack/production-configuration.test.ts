import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadSettings } from '../../../config/index.ts'
import { lockedFor, packageRequestOf, readLock } from '../../../src/packages/index.ts'
import { makeApiKey } from '../../helpers/api-keys.ts'

const source = fileURLToPath(new URL('../../../deploy/gateway', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'db-production-'))
after(() => rmSync(folder, { recursive: true, force: true }))
cpSync(source, folder, { recursive: true })
const { entry } = makeApiKey({ tenant: 'main', user: 'operator' })
writeFileSync(join(folder, 'keys.yaml'), JSON.stringify({ tenants: { main: {} }, auth: { apiKeys: [entry] } }))

/** What docker-compose.yml gives each gateway. */
const env = {
  DRAWBRIDGE_MODE: 'production',
  DRAWBRIDGE_STATE_DIR: folder,
  DRAWBRIDGE_PACKAGES: join(folder, 'packages'),
  DRAWBRIDGE_SECRET: randomBytes(32).toString('hex'),
  DRAWBRIDGE_MANAGEMENT_TOKEN: randomBytes(32).toString('hex'),
  REDIS_URL: `redis://drawbridge:${randomBytes(32).toString('hex')}@redis:6379`,
  PUBLIC_URL: 'https://mcp.example.com',
  NGINX_ADDRESS: '172.30.240.10',
  DRAWBRIDGE_REPLICA: 'b1',
  HOST: '172.30.240.11',
  DRAWBRIDGE_REPLICA_HOST: '172.30.240.41',
  DRAWBRIDGE_MANAGEMENT_HOST: '172.30.240.71'
}
const file = join(folder, 'gateway.yaml')

test('the production configuration has no fault but packages that are not installed here, and no warning', async () => {
  const checked = await loadSettings({ file, env, cwd: '/' })
  assert.deepEqual((checked.ok ? [] : checked.error).filter(({ message }) => !/locked but not installed/.test(message)), [])
  const loaded = await loadSettings({ file, env, cwd: '/', mayLackPackages: true })
  assert.ok(loaded.ok)
  assert.deepEqual(loaded.value.warnings, [])
  assert.equal(loaded.value.mode, 'production')
  assert.deepEqual(loaded.value.http.trustedProxies, ['172.30.240.10'])
  assert.deepEqual([...loaded.value.servers.values()].filter(({ sandbox }) => sandbox.level !== 'auto'), [], 'contained as strongly as the host can')
})

test('without a key it is refused: scripts/init has to write one', async () => {
  const unkeyed = mkdtempSync(join(folder, 'unkeyed-'))
  cpSync(source, unkeyed, { recursive: true })
  const loaded = await loadSettings({ file: join(unkeyed, 'gateway.yaml'), env, cwd: '/', mayLackPackages: true })
  assert.ok(!loaded.ok)
  assert.match(JSON.stringify(loaded.error), /at least one entry in auth\.apiKeys/)
})

test('its lock holds every package that it starts, npm and PyPI, and names no registry', async () => {
  const loaded = await loadSettings({ file, env, cwd: '/', mayLackPackages: true })
  assert.ok(loaded.ok)
  const lock = readLock(join(folder, 'gateway.lock.json'))
  const launchers = [...loaded.value.servers.values()].filter((server) => server.transport === 'stdio' && packageRequestOf(server) !== undefined)
  const registries = new Set(launchers.map((server) => {
    const found = lockedFor(server, lock)
    assert.ok(found?.ok, `${server.name}: ${JSON.stringify(found)}`)
    assert.ok(Object.keys(found.value.install.content).length > 0, `${server.name}: installed once, so that its files are known`)
    return found.value.request.registry
  }))
  assert.deepEqual([...registries].sort(), ['npm', 'pypi'])
  assert.doesNotMatch(readFileSync(join(folder, 'gateway.lock.json'), 'utf8'), /https?:\/\/|"resolved"/)
})

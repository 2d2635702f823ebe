import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { prepareLaunch, readHostEnvironment } from '../../../src/stdio-pool/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { identity } from './pool-parts.ts'

const SECRETS = { DRAWBRIDGE_MANAGEMENT_TOKEN: 's1', DRAWBRIDGE_CONFIG: 's2', REDIS_URL: 's3', ACME_JWT_SECRET: 's4', AWS_SECRET_ACCESS_KEY: 's5', NPM_TOKEN: 's6', NODE_OPTIONS: 's7', LD_PRELOAD: 's8', npm_config__auth: 's9', SSH_AUTH_SOCK: 's10' }
const GATEWAY = {
  ...SECRETS,
  PATH: '/p',
  LANG: 'de_DE.UTF-8',
  TZ: 'UTC',
  LC_ALL: '',
  HOME: '/home/op',
  TMPDIR: '/tmp',
  HTTPS_PROXY: 'http://proxy',
  NODE_EXTRA_CA_CERTS: '/ca.pem',
  npm_config_registry: 'https://npm.example',
  NPM_CONFIG_PROXY: 'http://npm-proxy',
  UV_INDEX_URL: 'https://py.example',
  PIP_INDEX_URL: 'https://pip.example',
  DOCKER_HOST: 'unix:///d.sock',
  XDG_CACHE_HOME: '/cache'
}

function environmentOf (command: string, env: NodeJS.ProcessEnv, own: Record<string, string> = {}): Readonly<Record<string, string>> {
  const server = serverSettings({ command, env: own })
  return prepareLaunch(server, identity('acme', 'alice'), { stateDir: '/state', workerKey: 'key' }, readHostEnvironment(env)).env
}

describe('the environment of a worker (T41)', () => {
  it('is exactly this for a plain program', () => {
    const env = environmentOf('python3', GATEWAY)
    assert.deepEqual(Object.keys(env).sort(), ['HOME', 'LANG', 'PATH', 'TMPDIR', 'TZ'])
    assert.match(env['HOME'] ?? '', /^\/state\/workers\/[0-9a-f-]+\/home$/)
    assert.match(env['TMPDIR'] ?? '', /^\/tmp\/db-[0-9a-f]{16}$/)
    assert.deepEqual([env['PATH'], env['LANG'], env['TZ']], ['/p', 'de_DE.UTF-8', 'UTC'])
  })

  for (const command of ['node', 'python', '/usr/bin/npx', 'npm', 'pnpm', 'bunx', 'uvx', 'uv', 'pipx', 'pip', 'docker', 'npx.cmd']) {
    it(`holds nothing of the gateway's own for ${command}`, () => {
      const env = environmentOf(command, GATEWAY)
      for (const [name, value] of Object.entries(SECRETS)) {
        assert.equal(env[name], undefined)
        assert.ok(!Object.values(env).includes(value))
      }
      assert.notEqual(env['HOME'], '/home/op')
      assert.equal(env['XDG_CACHE_HOME'], undefined)
    })
  }

  it('is made of listed names only: no other value is even held', () => {
    const { variables, places } = readHostEnvironment(GATEWAY)
    assert.deepEqual(Object.keys(variables).sort(), ['DOCKER_HOST', 'HTTPS_PROXY', 'LANG', 'NODE_EXTRA_CA_CERTS', 'PATH', 'PIP_INDEX_URL', 'TZ', 'UV_INDEX_URL', 'npm_config_proxy', 'npm_config_registry'])
    assert.deepEqual(Object.keys(places).sort(), ['HOME', 'TMPDIR', 'XDG_CACHE_HOME'])
  })

  it('has a TMPDIR that leaves room for the path of a socket, wherever the state directory lies', () => {
    const env = environmentOf('python3', { ...GATEWAY, TMPDIR: `/long${'/temporary'.repeat(5)}` })
    assert.match(env['TMPDIR'] ?? '', /^\/tmp\/db-[0-9a-f]{16}$/)
    assert.notEqual(environmentOf('python3', GATEWAY)['TMPDIR'], env['TMPDIR'])
  })

  it('lets npx download as the operator would, without a question, into one cache', () => {
    const env = environmentOf('npx', GATEWAY)
    assert.equal(env['npm_config_cache'], '/home/op/.npm')
    assert.equal(env['npm_config_userconfig'], '/home/op/.npmrc')
    assert.equal(env['npm_config_registry'], 'https://npm.example')
    assert.equal(env['npm_config_proxy'], 'http://npm-proxy')
    assert.equal(env['HTTPS_PROXY'], 'http://proxy')
    assert.equal(env['NODE_EXTRA_CA_CERTS'], '/ca.pem')
    assert.equal(env['npm_config_yes'], 'true')
    assert.equal(env['npm_config_update_notifier'], 'false')
    assert.equal(env['UV_INDEX_URL'], undefined)
    assert.equal(environmentOf('npx', { ...GATEWAY, npm_config_cache: '/own' })['npm_config_cache'], '/own')
  })

  it('lets uvx do the same', () => {
    const env = environmentOf('uvx', GATEWAY)
    assert.equal(env['UV_CACHE_DIR'], '/cache/uv')
    assert.equal(env['UV_PYTHON_INSTALL_DIR'], '/home/op/.local/share/uv/python')
    assert.equal(env['UV_INDEX_URL'], 'https://py.example')
    assert.equal(env['PIP_INDEX_URL'], 'https://pip.example')
    assert.equal(env['UV_CONFIG_FILE'], undefined)
    assert.equal(env['npm_config_registry'], undefined)
  })

  it('finds the operator\'s uv, pip and docker configuration where it exists', async (t) => {
    const home = await mkdtemp(join(tmpdir(), 'home-'))
    t.after(() => rm(home, { recursive: true }))
    await mkdir(join(home, '.config', 'uv'), { recursive: true })
    await mkdir(join(home, '.pip'))
    await mkdir(join(home, '.docker'))
    await writeFile(join(home, '.config', 'uv', 'uv.toml'), '')
    await writeFile(join(home, '.pip', 'pip.conf'), '')
    const env = environmentOf('uvx', { HOME: home })
    assert.equal(env['UV_CONFIG_FILE'], join(home, '.config', 'uv', 'uv.toml'))
    assert.equal(env['PIP_CONFIG_FILE'], join(home, '.pip', 'pip.conf'))
    assert.equal(environmentOf('docker', { HOME: home })['DOCKER_CONFIG'], join(home, '.docker'))
  })

  it('lets docker find its daemon', () => {
    const env = environmentOf('docker', GATEWAY)
    assert.deepEqual(Object.keys(env).sort(), ['DOCKER_HOST', 'HOME', 'LANG', 'PATH', 'TMPDIR', 'TZ'])
  })

  it('yields to the entry\'s own variables, templates filled', () => {
    const env = environmentOf('npx', GATEWAY, { HOME: '/h/{tenant}', npm_config_registry: 'https://own', REDIS_URL: 'redis://own', EMPTY: '' })
    assert.deepEqual([env['HOME'], env['npm_config_registry'], env['REDIS_URL'], env['EMPTY']], ['/h/acme', 'https://own', 'redis://own', ''])
  })

  it('has a search path and a UTF-8 locale even if the gateway has none, and caches in the state directory', () => {
    const env = environmentOf('npx', {})
    assert.deepEqual([env['PATH'], env['LANG'], env['npm_config_cache']], ['/usr/local/bin:/usr/bin:/bin', 'C.UTF-8', '/state/cache/.npm'])
  })
})

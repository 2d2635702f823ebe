import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'drawbridge-init-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const instance = join(folder, 'instance')
const envFile = join(folder, '.env')
const env = { PATH: process.env['PATH'] ?? '', DRAWBRIDGE_ENV_FILE: envFile }

function init (...args: string[]): string {
  return execFileSync(join(root, 'scripts', 'init'), ['--instance', instance, ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

const read = (path: string): string => readFileSync(join(instance, path), 'utf8')
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

/** Every file of the instance, with a digest of what is in it. */
function digests (): Record<string, string> {
  const files = readdirSync(instance, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries([envFile, ...files].map((file) => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]))
}

describe('scripts/init', () => {
  it('with --dry-run says what it would make, and makes nothing', () => {
    const said = init('--dry-run')
    assert.match(said, /\[7\/7\]/)
    assert.match(said, /\+ write .*drawbridge_secret/)
    assert.doesNotMatch(said, /db_[0-9a-z]+_/)
    assert.deepEqual(readdirSync(folder), [])
  })

  const said = { first: '' }
  it('makes all that docker-compose.yml mounts', () => {
    said.first = init('--public-url', 'https://mcp.example.com:9443', '--tenant', 'acme', '--user', 'alice')
    const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
    const asked = [...compose.matchAll(/\$\{INSTANCE_DIR:-\.\/instance\}\/([a-z_/]+)/g)].map(([, path]) => path ?? '')
    assert.ok(asked.length > 10)
    assert.deepEqual(asked.filter((path) => !existsSync(join(instance, path))), [])
    assert.equal(modeOf(instance), '700')
    assert.equal(modeOf(envFile), '600')
    assert.deepEqual([...new Set(readdirSync(join(instance, 'secrets')).map((name) => modeOf(join(instance, 'secrets', name))))], ['444'])
  })

  it('writes .env with the address, its port and the folder', () => {
    const text = readFileSync(envFile, 'utf8')
    for (const line of ['PUBLIC_URL=https://mcp.example.com:9443', 'HTTPS_PORT=9443', 'HTTP_PORT=80', `INSTANCE_DIR=${instance}`]) assert.ok(text.split('\n').includes(line), line)
  })

  it('shows the API key once, and keeps its hash only', () => {
    const key = /^ {2}(db_[a-z0-9]+_[0-9a-f]{64})$/m.exec(said.first)?.[1] ?? ''
    const keys = parse(read('gateway/keys.yaml')) as { tenants: Record<string, unknown>, auth: { apiKeys: Array<{ id: string, sha256: string, tenant: string, user: string }> } }
    assert.deepEqual(Object.keys(keys.tenants), ['acme'])
    assert.deepEqual(keys.auth.apiKeys, [{ id: key.split('_')[1], sha256: createHash('sha256').update(key).digest('hex'), tenant: 'acme', user: 'alice' }])
    assert.ok(Object.keys(digests()).every((file) => !readFileSync(file, 'utf8').includes(key.slice(-64))))
  })

  it('makes a certificate for the host and for localhost', () => {
    const certificate = new X509Certificate(read('tls/fullchain.pem'))
    assert.equal(certificate.checkHost('mcp.example.com'), 'mcp.example.com')
    assert.equal(certificate.checkHost('localhost'), 'localhost')
    assert.equal(certificate.ca, false)
    assert.ok(certificate.checkPrivateKey(createPrivateKey(read('tls/privkey.pem'))))
  })

  it('gives Redis users with the rights of docs/redis.md, nobody else, and no password in clear', () => {
    const lines = read('secrets/redis_acl').trim().split('\n')
    assert.equal(lines[0], 'user default off resetpass resetkeys resetchannels -@all')
    const documented = /^ACL SETUSER drawbridge .* -@all (.*)$/m.exec(readFileSync(join(root, 'docs/redis.md'), 'utf8'))?.[1]
    const own = lines.find((line) => line.startsWith('user drawbridge '))
    const password = new URL(read('secrets/redis_url')).password
    assert.equal(own, `user drawbridge on resetpass #${createHash('sha256').update(password).digest('hex')} resetkeys ~db:* resetchannels &db:* -@all ${documented}`)
    assert.deepEqual(lines.map((line) => line.split(' ')[1]), ['default', 'drawbridge', 'health', 'exporter', 'backup'])
    assert.equal(lines.slice(1).every((line) => / resetkeys /.test(line) && / -@all /.test(line) && !/[>]| nopass/.test(line)), true)
  })

  it('run again changes nothing and shows no key', () => {
    const before = digests()
    const again = init()
    assert.deepEqual(digests(), before)
    assert.doesNotMatch(again, /db_[0-9a-z]+_[0-9a-f]{64}/)
  })

  it('run again makes what was lost, and leaves the rest', () => {
    const before = digests()
    rmSync(join(instance, 'prometheus', 'gateways.json'))
    rmSync(join(instance, 'secrets', 'redis_acl'))
    init()
    assert.deepEqual(digests(), before)
  })

  it('makes a certificate for an IPv6 address too, which is one for the site', () => {
    const other = join(folder, 'other')
    const own = { ...env, DRAWBRIDGE_ENV_FILE: join(other, '.env') }
    mkdirSync(other)
    execFileSync(join(root, 'scripts', 'init'), ['--instance', join(other, 'instance'), '--public-url', 'https://[::1]:9443'], { env: own, stdio: 'ignore' })
    const tls = join(other, 'instance', 'tls')
    const certificate = new X509Certificate(readFileSync(join(tls, 'fullchain.pem')))
    assert.equal(certificate.checkIP('::1'), '::1')
    const options = ['--dry-run', '--fullchain', join(tls, 'fullchain.pem'), '--key', join(tls, 'privkey.pem')]
    assert.match(execFileSync(join(root, 'scripts', 'renew-certificate'), options, { env: own, encoding: 'utf8' }), /in use already/)
  })

  it('refuses what it does not understand with 2', () => {
    for (const args of [['--public-url', 'http://mcp.example.com'], ['--public-url'], ['--subnet', '10.0.0.0/24'], ['--tenant', 'a: {}'], ['--nonsense']]) {
      const { status, stderr } = spawnSync(join(root, 'scripts', 'init'), args, { env, encoding: 'utf8' })
      assert.equal(status, 2, `${args.join(' ')}: ${stderr}`)
    }
  })
})

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { lockFileOf, readLock, reasonOf } from '../../../src/packages/index.ts'
import { installKey, writeLock } from '../../../src/packages/lock-file.ts'
import type { LockedInstall, PackageLock } from '../../../src/packages/lock-types.ts'

const SHA512 = `sha512-${'a'.repeat(86)}==`
const SHA256 = 'b'.repeat(64)
const npm: LockedInstall = { registry: 'npm', packages: ['@scope/a@1.0.0'], allowScripts: [], npm: { '': { dependencies: { '@scope/a': '1.0.0' } }, 'node_modules/@scope/a': { version: '1.0.0', integrity: SHA512 } }, content: { 'linux-x64': SHA256 } }
const pypi: LockedInstall = { registry: 'pypi', packages: ['b@1.0'], allowScripts: [], pypi: { b: { version: '1.0', sha256: [SHA256] } }, content: {} }

function lockWith (...installs: readonly LockedInstall[]): PackageLock {
  const keyed = installs.map((install): [string, LockedInstall] => [installKey(install), install])
  return {
    lockVersion: 1,
    servers: Object.fromEntries(keyed.map(([key, { registry }], index) => [`s${index}`, { registry, specs: ['x'], allowScripts: [], install: key }])),
    installs: Object.fromEntries(keyed)
  }
}

function written (test: TestContext, lock: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-lock-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'gateway.lock.json')
  writeFileSync(file, typeof lock === 'string' ? lock : JSON.stringify(lock))
  return file
}

function reasonFor (file: string): string {
  try {
    readLock(file)
  } catch (thrown) {
    return reasonOf(thrown)
  }
  throw new Error('it was read')
}

describe('the lock file', () => {
  it('lies beside the gateway file', () => {
    assert.equal(lockFileOf('/etc/drawbridge/gateway.yaml'), '/etc/drawbridge/gateway.lock.json')
    assert.equal(lockFileOf('conf/my.gateway.json'), 'conf/my.gateway.lock.json')
  })

  it('is sorted, readable, and without what no server uses; readers never see half of it', (test) => {
    const file = written(test, '{')
    const lock = lockWith(npm, pypi)
    writeLock(file, { ...lock, servers: { b: { ...lock.servers['s0'] ?? assert.fail(), previous: installKey(npm) }, a: lock.servers['s0'] ?? assert.fail() } })
    const text = readFileSync(file, 'utf8')
    assert.ok(text.startsWith('{\n  "installs": {\n    "@scope+a@1.0.0-'), text.slice(0, 60))
    assert.ok(text.indexOf('"a": {') < text.indexOf('"b": {'))
    assert.doesNotMatch(text, /pypi/)
    assert.deepEqual(readdirSync(join(file, '..')), ['gateway.lock.json'])
    assert.deepEqual(Object.keys(readLock(file)?.servers ?? {}), ['a', 'b'])
  })

  it('one that is not there is no lock', () => assert.equal(readLock('/no/such/gateway.lock.json'), undefined))

  it('one that was changed by hand is refused, whatever was changed (T46)', (test) => {
    const key = installKey(npm)
    const good = lockWith(npm, pypi)
    const cases: [string, unknown, RegExp][] = [
      ['no JSON', '{', /is not JSON/],
      ['another kind', { lockVersion: 2, servers: {}, installs: {} }, /not of a kind/],
      ['nothing in it', { lockVersion: 1 }, /servers or installs is missing/],
      ['an integrity', edited(good, ['installs', key, 'npm', 'node_modules/@scope/a', 'integrity'], `sha512-${'c'.repeat(86)}==`), /does not hold what its name was made from/],
      ['a version', edited(good, ['installs', key, 'npm', 'node_modules/@scope/a', 'version'], '1.0.1'), /does not hold what its name was made from/],
      ['a package more', edited(good, ['installs', key, 'npm', 'node_modules/evil'], { version: '1.0.0', integrity: SHA512 }), /does not hold/],
      ['scripts', edited(good, ['installs', key, 'allowScripts'], ['@scope/a']), /does not hold/],
      ['a key that leaves the store', edited(good, ['installs', '../../evil-0123456789abcdef'], npm), /lacks what every install has/],
      ['a server of an absent install', edited(good, ['servers', 's0', 'install'], 'a@1-0123456789abcdef'), /which is not in it/],
      ['a server without packages', edited(good, ['servers', 's0', 'specs'], undefined), /lacks what every entry has/],
      ['a content hash', edited(good, ['installs', key, 'content'], { 'linux-x64': 'x' }), /a content hash that is none/]
    ]
    for (const [what, lock, says] of cases) assert.match(reasonFor(written(test, lock)), says, what)
    readLock(written(test, good))
  })

  it('packages without a strong hash are refused, however the lock came about', (test) => {
    for (const integrity of [undefined, 'sha1-aaaaaaaaaaaaaaaaaaaaaaaaaaa=', 'sha512-short']) {
      const install = { ...npm, npm: { 'node_modules/@scope/a': { version: '1.0.0', ...integrity === undefined ? {} : { integrity } } } }
      assert.match(reasonFor(written(test, lockWith(install))), /node_modules\/@scope\/a has no strong hash/)
    }
    for (const sha256 of [[], ['x']]) assert.match(reasonFor(written(test, lockWith({ ...pypi, pypi: { b: { version: '1.0', sha256 } } }))), /b has no strong hash/)
  })
})

/** A copy with one value in another's place; undefined takes it out. */
function edited (lock: PackageLock, path: readonly string[], value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(lock)) as Record<string, unknown>
  const holder = path.slice(0, -1).reduce((node, name) => node[name] as Record<string, unknown>, copy)
  holder[path.at(-1) ?? ''] = value
  return copy
}

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { installKey } from '../../../src/packages/lock-file.ts'
import { faultsOf, faultsOfFile, folderWith, oneServer, settingsOf, settingsOfFile } from './load.ts'

const install = { registry: 'npm', packages: ['a@1.2.3'], allowScripts: [], npm: { 'node_modules/a': { version: '1.2.3', integrity: `sha512-${'a'.repeat(86)}==` } }, content: {} } as const
const key = installKey(install)
const lock = { lockVersion: 1, servers: { one: { registry: 'npm', specs: ['a@1.2.3'], allowScripts: [], install: key } }, installs: { [key]: install } }
const production = { flags: { mode: 'production' } }

function folderOf (test: TestContext, entry: Readonly<Record<string, unknown>>, files: Readonly<Record<string, string>> = {}): string {
  return folderWith(test, { 'gateway.json': JSON.stringify(oneServer(entry)), ...files })
}

const npx = (...args: string[]) => ({ command: 'npx', args: ['-y', ...args] })

describe('packages that have to be locked and installed', () => {
  it('where they are: the lock beside the file, the store in stateDir or where DRAWBRIDGE_PACKAGES says', async (test) => {
    const cwd = folderOf(test, npx('a@1.2.3'))
    assert.deepEqual((await settingsOfFile('gateway.json', { cwd })).packages, { lockFile: join(cwd, 'gateway.lock.json'), directory: join(cwd, '.drawbridge/packages') })
    assert.deepEqual((await settingsOfFile('gateway.json', { cwd, env: { DRAWBRIDGE_PACKAGES: 'p', DRAWBRIDGE_STATE_DIR: '/s' } })).packages?.directory, join(cwd, 'p'))
    assert.equal((await settingsOf(oneServer(npx('a@1.2.3')))).packages, undefined, 'a document has no place for a lock')
  })

  it('production: not locked, locked for something else, not installed, installed (T46, T62)', async (test) => {
    const cwd = folderOf(test, npx('a@1.2.3'))
    const fault = async () => (await faultsOfFile('gateway.json', { cwd, ...production })).map(({ key: at, message }) => `${at}: ${message}`)
    assert.deepEqual(await fault(), ['mcpServers.one.command: its packages are not locked: run drawbridge packages lock --config gateway.json'])
    writeFileSync(join(cwd, 'gateway.lock.json'), JSON.stringify({ ...lock, servers: { one: { ...lock.servers.one, specs: ['a@1.2.2'] } } }))
    assert.deepEqual(await fault(), ['mcpServers.one.command: the lock is for other packages than the entry names now: run drawbridge packages lock --config gateway.json'])
    writeFileSync(join(cwd, 'gateway.lock.json'), JSON.stringify(lock))
    assert.deepEqual(await fault(), ['mcpServers.one.command: its packages are locked but not installed: run drawbridge packages install --config gateway.json'])
    await settingsOfFile('gateway.json', { cwd, ...production, mayLackPackages: true })
    mkdirSync(join(cwd, '.drawbridge/packages', key), { recursive: true })
    writeFileSync(join(cwd, '.drawbridge/packages', key, 'installed.json'), '{}')
    await settingsOfFile('gateway.json', { cwd, ...production })
  })

  it('production: what the store cannot hold is named', async (test) => {
    for (const [args, says] of [[['-c', 'a'], /-c is an option/], [['--registry', 'https://r', 'a@1.2.3'], /--registry is an option/], [['./here'], /\/here is not a package/]] as const) {
      const cwd = folderOf(test, { command: 'npx', args })
      const [fault, ...others] = await faultsOfFile('gateway.json', { cwd, ...production })
      assert.deepEqual([fault?.key, others], ['mcpServers.one.command', []])
      assert.match(fault?.message ?? '', says)
    }
  })

  it('production: an unpinned package is a fault of its own', async (test) => {
    const cwd = folderOf(test, npx('a@latest'))
    assert.deepEqual((await faultsOfFile('gateway.json', { cwd, ...production })).map((fault) => fault.key), ['mcpServers.one.args[1]', 'mcpServers.one.command'])
  })

  it('development: starts as written and says nothing, until there is a lock that lacks something', async (test) => {
    const cwd = folderOf(test, npx('a@1.2.3'))
    const warnings = async () => (await settingsOfFile('gateway.json', { cwd })).warnings
    assert.deepEqual(await warnings(), [])
    writeFileSync(join(cwd, 'gateway.lock.json'), JSON.stringify({ ...lock, servers: {} }))
    assert.deepEqual(await warnings(), ['gateway.json: mcpServers.one.command: its packages are not locked: run drawbridge packages lock --config gateway.json'])
    writeFileSync(join(cwd, 'gateway.lock.json'), JSON.stringify(lock))
    assert.deepEqual(await warnings(), ['gateway.json: mcpServers.one.command: its packages are locked but not installed: run drawbridge packages install --config gateway.json'])
    const odd = folderOf(test, { command: 'npx', args: ['-c', 'a'] })
    assert.match((await settingsOfFile('gateway.json', { cwd: odd })).warnings.join('\n'), /^gateway\.json: mcpServers\.one\.command: the package store cannot hold/)
  })

  it('a lock that was changed by hand is a fault in every mode', async (test) => {
    const cwd = folderOf(test, npx('a@1.2.3'), { 'gateway.lock.json': JSON.stringify({ ...lock, installs: { [key]: { ...install, packages: ['b@1.0.0'] } } }) })
    for (const extra of [{}, production]) {
      const [fault] = await faultsOfFile('gateway.json', { cwd, ...extra })
      assert.equal(fault?.key, 'mcpServers')
      assert.match(fault?.message ?? '', /gateway\.lock\.json was changed by other means/)
    }
  })

  it('plain programs and upstream servers need no lock', async (test) => {
    for (const entry of [{ command: 'node', args: ['a.js'] }, { command: 'npm', args: ['start'] }, { command: 'docker', args: ['run', 'x'] }, { command: undefined, url: 'https://h.example/mcp' }]) {
      await settingsOfFile('gateway.json', { cwd: folderOf(test, entry), ...production })
    }
    assert.ok(await faultsOf(oneServer(npx('a')), production))
  })
})

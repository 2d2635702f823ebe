import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findOutdated, installLocked, lockServers, readLock, rollBack } from '../../../src/packages/index.ts'
import type { InstallContext } from '../../../src/packages/index.ts'
import { digestTree } from '../../../src/packages/tree-digest.ts'
import { npxEntry, outputOf, refusalOf, storeOf, storeParts, type StoreParts } from './store-parts.ts'

const program = (version: string) => ({
  'index.js': `#!/usr/bin/env node\nimport { word } from 'tiny-word'\nconsole.log(word, '${version}', process.argv.slice(2).join(' '), process.version)\n`
})
const manifest = { type: 'module', bin: { 'tiny-server': 'index.js', other: 'index.js' }, dependencies: { 'tiny-word': '^1.0.0' } }

/** Its install script tells that it ran, and what it could see. */
const word = { type: 'module', exports: './index.js', scripts: { postinstall: 'node -e "require(\'fs\').writeFileSync(\'ran\', process.env.SECRET || \'\')"' } }

const done: (() => Promise<void>)[] = []
const never = () => false
let parts: StoreParts
let main: InstallContext

before(async () => {
  parts = await storeParts((each) => done.push(each))
  parts.registry.publishNpm('tiny-word', '1.0.0', { 'index.js': 'export const word = "tiny"\n' }, word)
  parts.registry.publishNpm('@scope/tiny-server', '1.0.0', program('1.0.0'), manifest)
  main = await parts.context()
})
after(async () => { for (const each of done.reverse()) await each() })

const tree = (context: InstallContext): string => join(context.directory, readdirSync(context.directory).find((name) => name.startsWith('@scope')) ?? '', 'tree')
const entry = npxEntry('one', '@scope/tiny-server@1.0.0', { args: ['--for', '{user}'] })

describe('npm packages in the store', () => {
  it('lock: every package with version and SHA-512, installed read-only, no install script run', async () => {
    const [outcome] = await lockServers([entry], never, main)
    assert.deepEqual(outcome, { server: 'one', packages: ['@scope/tiny-server@1.0.0'], changed: true })
    const lock = readLock(parts.lockFile)
    const locked = lock?.servers['one']
    assert.deepEqual([locked?.specs, locked?.allowScripts, locked?.previous], [['@scope/tiny-server@1.0.0'], [], undefined])
    const packages = Object.entries(lock?.installs[locked?.install ?? '']?.npm ?? {}).filter(([path]) => path !== '')
    assert.deepEqual(packages.map(([path, { version }]) => [path, version]), [['node_modules/@scope/tiny-server', '1.0.0'], ['node_modules/tiny-word', '1.0.0']])
    for (const [path, { integrity }] of packages) assert.match(integrity ?? '', /^sha512-/, path)
    assert.doesNotMatch(readFileSync(parts.lockFile, 'utf8'), /127\.0\.0\.1/, 'the address of a mirror is nobody else\'s')
    for (const path of ['', 'tree/node_modules/@scope/tiny-server/index.js', 'tree/node_modules', 'installed.json']) {
      assert.equal(statSync(join(main.directory, locked?.install ?? '', path)).mode & 0o222, 0, `${path} is read-only`)
    }
    assert.equal(existsSync(join(tree(main), 'node_modules/tiny-word/ran')), false)
    assert.ok(parts.notes.some((note) => note.includes('the install script of tiny-word was not run')), parts.notes.join('\n'))
  })

  it('the plain binary is started by this Node, with the entry\'s arguments', async () => {
    const stored = await storeOf(main).commandOf(entry)
    assert.equal(stored?.command, process.execPath)
    assert.deepEqual(stored?.args, [join(tree(main), 'node_modules/@scope/tiny-server/index.js'), '--for', '{user}'])
    assert.equal(stored?.package, '@scope/tiny-server@1.0.0')
    assert.equal(await outputOf(stored), `tiny 1.0.0 --for {user} ${process.version}`)
  })

  it('a program chosen by its name', async () => {
    const chosen = { ...entry, args: ['-p', '@scope/tiny-server@1.0.0', 'other', 'x'] }
    assert.equal(await outputOf(await storeOf(main).commandOf(chosen)), `tiny 1.0.0 x ${process.version}`)
    assert.match(await refusalOf(storeOf(main).commandOf({ ...entry, args: ['-p', '@scope/tiny-server@1.0.0', 'absent'] })), /@scope\/tiny-server@1\.0\.0 has no program absent/)
  })

  it('what is locked stays as it is, without asking the registry', async () => {
    const before = readFileSync(parts.lockFile, 'utf8')
    const asked = parts.registry.asked.length
    const [outcome] = await lockServers([entry], never, main)
    assert.deepEqual([outcome?.changed, readFileSync(parts.lockFile, 'utf8'), parts.registry.asked.length], [false, before, asked])
  })

  it('a fresh clone: refused until installed, then the same files to the byte', async () => {
    const clone = await parts.context(true)
    assert.match(await refusalOf(storeOf(clone).commandOf(entry)), /@scope\/tiny-server@1\.0\.0 is locked but not installed: run drawbridge packages install$/)
    const before = readFileSync(parts.lockFile, 'utf8')
    await installLocked([entry], clone)
    assert.equal(readFileSync(parts.lockFile, 'utf8'), before, 'the content hash of another machine holds here')
    assert.equal(await outputOf(await storeOf(clone).commandOf(entry)), `tiny 1.0.0 --for {user} ${process.version}`)
  })

  for (const [what, change] of [
    ['a tarball that changed', (files: Record<string, string>) => parts.registry.swapTarball('tiny-word', '1.0.0', files)],
    ['a version that was published anew, metadata and all', (files: Record<string, string>) => parts.registry.publishNpm('tiny-word', '1.0.0', files, word)]
  ] as const) {
    it(`${what} is refused, and nothing of it is kept (T46)`, async (test) => {
      change({ 'index.js': 'export const word = "evil"\n' })
      test.after(() => change({ 'index.js': 'export const word = "tiny"\n' }))
      const clone = await parts.context(true)
      assert.match(await refusalOf(installLocked([entry], clone)), /^npm: .*EINTEGRITY/)
      assert.deepEqual(readdirSync(clone.directory), [])
    })
  }

  for (const [what, change] of [
    ['changed', (folder: string) => writeFileSync(join(folder, 'node_modules/tiny-word/index.js'), 'export const word = "evil"\n')],
    ['added', (folder: string) => writeFileSync(join(folder, 'node_modules/@scope/tiny-server/node_modules.js'), '')],
    ['removed', (folder: string) => rmSync(join(folder, 'node_modules/tiny-word/package.json'))],
    ['hidden in a new folder', (folder: string) => { mkdirSync(join(folder, 'node_modules/@scope/node_modules/tiny-word'), { recursive: true }); writeFileSync(join(folder, 'node_modules/@scope/node_modules/tiny-word/index.js'), '') }]
  ] as const) {
    it(`a file that was ${what} in the store: the start is refused, install mends it (T43, T46)`, async () => {
      const store = storeOf(main)
      const folder = tree(main)
      makeWritable(folder)
      change(folder)
      const reason = await refusalOf(store.commandOf(entry))
      assert.match(reason, /the store's copy of @scope\/tiny-server@1\.0\.0 is not what was installed: .* run drawbridge packages install$/)
      await installLocked([entry], main)
      assert.equal(await outputOf(await store.commandOf(entry)), `tiny 1.0.0 --for {user} ${process.version}`)
    })
  }

  it('rewriting what stands beside the files does not help: the lock knows them', async () => {
    const record = join(tree(main), '..', 'installed.json')
    const good = readFileSync(record, 'utf8')
    makeWritable(tree(main))
    writeFileSync(join(tree(main), 'node_modules/tiny-word/index.js'), 'export const word = "evil"\n')
    const { content } = await digestTree(tree(main), (path) => path === 'node_modules/.package-lock.json')
    for (const forged of [{ content }, { content, platform: 'linux-other' }, { content, platform: `${(JSON.parse(good) as { platform: string }).platform}-evil` }]) {
      rmSync(record, { force: true })
      writeFileSync(record, JSON.stringify({ ...JSON.parse(good) as object, ...forged }))
      assert.match(await refusalOf(storeOf(main).commandOf(entry)), /run drawbridge packages install$/)
    }
    await installLocked([entry], main)
  })

  it('verified once: what was verified is started at once from then on', async () => {
    const store = storeOf(main)
    const first = await store.commandOf(entry)
    makeWritable(tree(main))
    rmSync(join(tree(main), 'node_modules/tiny-word'), { recursive: true })
    assert.deepEqual(await store.commandOf(entry), first)
    await installLocked([entry], main)
  })

  it('update: the new version beside the old, a rollback and back; a running gateway follows its lock', async () => {
    const ranged = npxEntry('one', '@scope/tiny-server@^1.0.0')
    let nowMs = 0
    const running = storeOf(main, { nowMs: () => nowMs })
    await lockServers([ranged], never, main)
    parts.registry.publishNpm('@scope/tiny-server', '1.1.0', program('1.1.0'), manifest)
    assert.deepEqual(await findOutdated([ranged], main), [{ server: 'one', name: '@scope/tiny-server', locked: '1.0.0', latest: '1.1.0' }])
    const versionNow = async () => { nowMs += 1000; return (await running.commandOf(ranged))?.package }
    assert.equal(await versionNow(), '@scope/tiny-server@1.0.0')
    assert.deepEqual(await lockServers([ranged], () => true, main), [{ server: 'one', packages: ['@scope/tiny-server@1.1.0'], changed: true, before: ['@scope/tiny-server@1.0.0'] }])
    assert.equal((await running.commandOf(ranged))?.package, '@scope/tiny-server@1.0.0', 'looked at once a second')
    assert.equal(await versionNow(), '@scope/tiny-server@1.1.0')
    assert.equal(readdirSync(main.directory).filter((name) => /^@scope\+tiny-server@1\.[01]\.0-/.test(name)).length, 2, 'both versions are there')
    const asked = parts.registry.asked.length
    await rollBack([ranged], main)
    assert.equal(await versionNow(), '@scope/tiny-server@1.0.0')
    await rollBack([ranged], main)
    assert.equal(await versionNow(), '@scope/tiny-server@1.1.0')
    assert.equal(parts.registry.asked.length, asked, 'a rollback needs no registry')
    await lockServers([entry], never, main)
  })

  it('an unreachable registry does not matter to what is installed, and is named by what needs it', async () => {
    const ranged = npxEntry('one', '@scope/tiny-server@^1.0.0')
    await lockServers([ranged], never, main)
    const cut = { ...main, env: { ...main.env, npm_config_registry: 'http://127.0.0.1:9/' } }
    assert.match(await outputOf(await storeOf(cut).commandOf(ranged)), /^tiny 1\.1\.0/)
    await installLocked([ranged], cut)
    assert.match(await refusalOf(lockServers([ranged], () => true, cut)), /^npm: .*(?:ECONNREFUSED|127\.0\.0\.1:9)/)
  })

  it('allowScripts: runs the scripts of those packages, without the operator\'s secrets, and is part of what is locked', async () => {
    const context = { ...main, env: { ...main.env, SECRET: 'sesame', NPM_TOKEN: 'sesame' } }
    const allowed = npxEntry('one', '@scope/tiny-server@1.0.0', { allowScripts: ['tiny-word'] })
    assert.match(await refusalOf(storeOf(main).commandOf(allowed)), /the lock is for other packages/)
    await lockServers([allowed], never, context)
    const { install = '' } = readLock(parts.lockFile)?.servers['one'] ?? {}
    const ran = join(main.directory, install, 'tree/node_modules/tiny-word/ran')
    assert.equal(readFileSync(ran, 'utf8'), '')
    assert.match(await outputOf(await storeOf(main).commandOf(allowed)), /^tiny 1\.0\.0/)
    makeWritable(join(main.directory, install))
    writeFileSync(ran, 'changed')
    assert.match(await refusalOf(storeOf(main).commandOf(allowed)), /is not what was installed/, 'what a script made is held to, too')
  })
})

/** What a worker with the gateway's own user id could do. */
function makeWritable (folder: string): void {
  for (const path of [join(folder, '..'), ...readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => !each.isSymbolicLink()).map((each) => join(each.parentPath, each.name)), folder]) chmodSync(path, statSync(path).mode | 0o200)
}

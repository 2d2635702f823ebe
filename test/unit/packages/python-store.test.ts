import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync, writeFileSync, chmodSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findOutdated, installLocked, lockServers, readLock } from '../../../src/packages/index.ts'
import type { InstallContext } from '../../../src/packages/index.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { uvxServer } from '../../helpers/programs.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { outputOf, refusalOf, storeOf, storeParts, type StoreParts } from './store-parts.ts'

const uvx = uvxServer('time').command
const source = (version: string) => `import sys\nfrom tiny_word import word\n\ndef main():\n    print(word, '${version}', *sys.argv[1:], 'site-packages' in sys.modules['tiny_word'].__file__)\n`
const never = () => false
const done: (() => Promise<void>)[] = []
let parts: StoreParts
let bare: InstallContext

before(async () => {
  parts = await storeParts((each) => done.push(each))
  parts.registry.publishPython('tiny-word', '1.0.0', 'word = "tiny"\n')
  parts.registry.publishPython('tiny-server', '1.0.0', source('1.0.0'))
  bare = withoutUv(await parts.context())
})
after(async () => { for (const each of done.reverse()) await each() })

/** A machine that has uv only where an entry says so. */
function withoutUv (context: InstallContext): InstallContext {
  const path = (context.env['PATH'] ?? '').split(delimiter).filter((folder) => !existsSync(join(folder, 'uv')))
  return { ...context, env: { ...context.env, PATH: path.join(delimiter) } }
}

const entries: readonly (readonly [string, ServerSettings])[] = [
  ['uv, found beside the uvx that the entry names', serverSettings({ name: 'one', command: uvx, args: ['--with', 'tiny-word<2', 'tiny-server@1.0.0', '--for', '{user}'] })],
  ['pip, where there is no uv', serverSettings({ name: 'two', command: 'uvx', args: ['--python', join(dirname(uvx), 'python3'), '--with', 'tiny-word<2', 'tiny-server==1.0.0', '--for', '{user}'] })]
]

for (const [what, entry] of entries) {
  describe(`Python packages in the store, by ${what}`, () => {
    const folder = (context: InstallContext) => join(context.directory, readLock(parts.lockFile)?.servers[entry.name]?.install ?? '')

    it('lock: every distribution with version and SHA-256, installed read-only', async () => {
      await lockServers(entries.map(([, each]) => each).filter((each) => each === entry || readLock(parts.lockFile)?.servers[each.name] !== undefined), never, bare)
      const lock = readLock(parts.lockFile)
      const { pypi = {}, packages } = lock?.installs[lock.servers[entry.name]?.install ?? ''] ?? {}
      assert.deepEqual(packages, ['tiny-server@1.0.0', 'tiny-word@1.0.0'])
      assert.deepEqual(Object.entries(pypi).map(([name, { version, sha256 }]) => [name, version, sha256.length]).sort(), [['tiny-server', '1.0.0', 1], ['tiny-word', '1.0.0', 1]])
      for (const path of readdirSync(folder(bare), { recursive: true, withFileTypes: true })) {
        if (!path.isSymbolicLink()) assert.equal(statSync(join(path.parentPath, path.name)).mode & 0o222, 0, path.name)
      }
      assert.equal(readFileSync(join(folder(bare), 'tree/bin/tiny-server'), 'utf8').includes('.new-'), false, 'scripts name the place where they are')
    })

    it('the environment\'s script is started by its own Python, and leaves nothing behind', async () => {
      const stored = await storeOf(bare).commandOf(entry)
      assert.equal(stored?.command, join(folder(bare), 'tree/bin/python'))
      assert.deepEqual(stored?.args, [join(folder(bare), 'tree/bin/tiny-server'), '--for', '{user}'])
      assert.equal(stored?.directories[0], folder(bare))
      assert.deepEqual(stored?.env, { PYTHONDONTWRITEBYTECODE: '1' }, 'modules that were not compiled stay so: the store is what was verified')
      assert.equal(await outputOf(stored), 'tiny 1.0.0 --for {user} True')
      assert.equal(await outputOf(await storeOf(bare).commandOf(entry)), 'tiny 1.0.0 --for {user} True', 'as it was after a run')
    })

    it('a fresh clone: the same files, another place', async () => {
      const clone = withoutUv(await parts.context(true))
      assert.match(await refusalOf(storeOf(clone).commandOf(entry)), /locked but not installed/)
      const before = readFileSync(parts.lockFile, 'utf8')
      await installLocked([entry], clone)
      assert.equal(readFileSync(parts.lockFile, 'utf8'), before, 'the content hash of another machine holds here')
      assert.equal(await outputOf(await storeOf(clone).commandOf(entry)), 'tiny 1.0.0 --for {user} True')
    })

    it('a wheel that changed under its version is refused, and nothing of it is kept (T46)', async (test) => {
      parts.registry.publishPython('tiny-word', '1.0.0', 'word = "evil"\n')
      test.after(() => parts.registry.publishPython('tiny-word', '1.0.0', 'word = "tiny"\n'))
      const clone = withoutUv(await parts.context(true))
      assert.match(await refusalOf(installLocked([entry], clone)), /hash/i)
      assert.deepEqual(readdirSync(clone.directory), [])
    })

    it('changed bytecode is as bad as changed source (T43)', async () => {
      const compiled = readdirSync(folder(bare), { recursive: true, withFileTypes: true }).find(({ name }) => /^__init__\..*\.pyc$/.test(name))
      const path = join(compiled?.parentPath ?? '', compiled?.name ?? '')
      const good = readFileSync(path)
      chmodSync(path, 0o644)
      writeFileSync(path, 'evil')
      assert.match(await refusalOf(storeOf(bare).commandOf(entry)), /the store's copy of tiny-server@1\.0\.0 tiny-word@1\.0\.0 is not what was installed/)
      writeFileSync(path, good)
      await storeOf(bare).commandOf(entry)
    })

    it('newer versions are listed', async () => {
      parts.registry.publishPython('tiny-word', '2.0.0', 'word = "huge"\n')
      assert.deepEqual((await findOutdated([entry], { ...bare, env: withoutUv(await parts.context(true)).env })).map(({ name, locked, latest }) => [name, locked, latest]), [['tiny-server', '1.0.0', '1.0.0'], ['tiny-word', '1.0.0', '2.0.0']])
    })
  })
}

it('uv and pip make the same files of the same wheels', () => {
  const { servers, installs } = readLock(parts.lockFile) ?? assert.fail('there is no lock')
  const [byUv, byPip] = ['one', 'two'].map((name) => installs[servers[name]?.install ?? '']?.content)
  assert.equal(Object.keys(byUv ?? {}).length, 1)
  assert.deepEqual(byUv, byPip)
})

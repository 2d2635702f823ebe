import assert from 'node:assert/strict'
import { lchownSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inOrder, mountArgs } from '../../../src/sandbox/namespace/mount.ts'
import type { Mount } from '../../../src/sandbox/namespace/mount.ts'
import { programDirs } from '../../../src/sandbox/namespace/program-dirs.ts'
import { workerView } from '../../../src/sandbox/namespace/view.ts'
import { folderWith, reasonOf, requestIn } from './sandbox-parts.ts'

const NOTHING_HIDDEN = { directories: [], files: [], notWhole: [] }
const isRoot = process.getuid?.() === 0
const WORKER = isRoot ? 65_533 : process.getuid?.() ?? 0
/** A link as a worker makes it. */
const plant = (target: string, path: string): void => {
  symlinkSync(target, path)
  lchownSync(path, WORKER, WORKER)
}
const shown = (mounts: readonly Mount[], folder: string): string[] => mounts.map(({ kind, path }) => `${kind} ${path.replace(folder, '')}`)

describe('directories that a program needs', () => {
  it('the project of the file, and every node_modules above it', (t) => {
    const folder = folderWith(t, ['app/package.json', 'app/src/deep/main.js', 'node_modules/', 'app/node_modules/'])
    assert.deepEqual(programDirs(`${folder}/app/src/deep/main.js`, []), [`${folder}/app`, `${folder}/app/node_modules`, `${folder}/node_modules`])
  })

  it('of a package, not the project that it is installed in', (t) => {
    const folder = folderWith(t, ['package.json', 'secrets', 'node_modules/@scope/server/package.json', 'node_modules/@scope/server/dist/index.js'])
    assert.deepEqual(programDirs(`${folder}/node_modules/@scope/server/dist/index.js`, []), [`${folder}/node_modules/@scope/server`, `${folder}/node_modules`])
  })

  it('the prefix of a bin, through links; a virtual environment and the interpreter behind it', (t) => {
    const folder = folderWith(t, ['python/bin/python3.11', 'venv/pyvenv.cfg', 'venv/bin/'])
    symlinkSync('../../python/bin/python3.11', `${folder}/venv/bin/python`)
    assert.deepEqual(programDirs(`${folder}/venv/bin/python`, []), [`${folder}/venv`, `${folder}/python`])
  })

  it('the file alone where its directory holds other things', (t) => {
    const folder = folderWith(t, ['home/tool.sh', 'home/package.json'])
    assert.deepEqual(programDirs(`${folder}/home/tool.sh`, [`${folder}/home`]), [`${folder}/home/tool.sh`])
    assert.deepEqual(programDirs('/tmp/no-such-tool', []), ['/tmp/no-such-tool'])
    assert.deepEqual(programDirs('/usr/bin/env', []), [], 'every worker has /usr')
  })
})

describe('what one worker sees (T43)', () => {
  it('its program read-only; its data, home and TMPDIR writable', (t) => {
    const folder = folderWith(t, ['app/package.json', 'app/main.js', 'data/acme/alice/', 'named/'])
    const request = requestIn(folder, { args: [`${folder}/app/main.js`], dataDirs: [`${folder}/data/acme/alice`], namedDirs: [`${folder}/named`] })
    assert.deepEqual(shown(workerView(request, '/usr/bin/env', NOTHING_HIDDEN, WORKER), folder), ['ro /app', 'rw /named', 'rw /tmp', 'rw /data/acme/alice', 'rw /state/workers/w'])
  })

  it('nothing of what is hidden in a project that is shown: state, configuration, other people\'s data, also before it is there', (t) => {
    const folder = folderWith(t, ['package.json', 'gateway.json', 'main.js', 'data/acme/alice/'])
    const request = requestIn(folder, { args: [`${folder}/main.js`], dataDirs: [`${folder}/data/acme/alice`] })
    const view = workerView(request, '/usr/bin/env', { directories: [`${folder}/state`, `${folder}/data`, `${folder}/later`], files: [`${folder}/gateway.json`], notWhole: [] }, WORKER)
    assert.deepEqual(shown(view, folder), ['ro ', 'rw /tmp', 'empty /state', 'empty /data', 'empty /later', 'unreadable /gateway.json', 'rw /data/acme/alice', 'rw /state/workers/w'])
  })

  it('readOnly wins over what lies in it, and over what it lies in', (t) => {
    const folder = folderWith(t, ['a/b/', 'c/d/'])
    const settings = { level: 'auto', network: 'none', pids: 64, readOnly: [`${folder}/a`, `${folder}/c/d`], writable: [`${folder}/a/b`, `${folder}/c`] } as const
    assert.deepEqual(shown(workerView(requestIn(folder, { settings }), '/usr/bin/env', NOTHING_HIDDEN, WORKER), folder), ['ro /a', 'rw /c', 'rw /tmp', 'ro /c/d', 'rw /state/workers/w'])
  })

  it('files that args and env name read-only, and nothing beside them', (t) => {
    const folder = folderWith(t, ['keys/own.pem', 'keys/other.pem'])
    const view = workerView(requestIn(folder, { env: { PATH: '/usr/bin', KEY: `${folder}/keys/own.pem` } }), '/usr/bin/env', NOTHING_HIDDEN, WORKER)
    assert.deepEqual(shown(view, folder).filter((each) => each.includes('keys')), ['ro /keys/own.pem'])
  })

  it('what a link in a shown directory leads to, where it leads', (t) => {
    const folder = folderWith(t, ['project/package.json', 'project/main.js', 'disk/alice/'])
    symlinkSync(`${folder}/disk`, `${folder}/project/data`)
    const view = workerView(requestIn(folder, { args: [`${folder}/project/main.js`], dataDirs: [`${folder}/project/data/alice`] }), '/usr/bin/env', NOTHING_HIDDEN, WORKER)
    assert.deepEqual(shown(view, folder), ['ro /project', 'rw /tmp', 'rw /disk/alice', 'rw /state/workers/w'])
  })
})

describe('a link that a worker left where it may write (T43)', () => {
  const open = { level: 'auto', network: 'none', pids: 64, readOnly: [], writable: [] } as const

  it('shows the next worker nothing of where it leads: in place of a file, a script, a directory', (t) => {
    const folder = folderWith(t, ['data/alice/', 'named/', 'home/.ssh/key', 'other/package.json', 'other/main.js'])
    plant(`${folder}/home/.ssh/key`, `${folder}/data/alice/notes.db`)
    plant(`${folder}/other/main.js`, `${folder}/data/alice/main.js`)
    plant(`${folder}/home`, `${folder}/named/deep`)
    const request = requestIn(folder, { args: [`${folder}/data/alice/notes.db`, `${folder}/data/alice/main.js`], dataDirs: [`${folder}/data/alice`], namedDirs: [`${folder}/named`, `${folder}/named/deep`] })
    assert.deepEqual(shown(workerView(request, '/usr/bin/env', NOTHING_HIDDEN, WORKER), folder), ['rw /named', 'rw /tmp', 'rw /data/alice', 'rw /state/workers/w'])
  })

  it('in place of the program, or of what is read-only in its directory, keeps it from starting', (t) => {
    const folder = folderWith(t, ['named/', 'home/tool'])
    plant(`${folder}/home`, `${folder}/named/deep`)
    plant(`${folder}/home/tool`, `${folder}/named/tool`)
    const readOnly = requestIn(folder, { namedDirs: [`${folder}/named`], settings: { ...open, readOnly: [`${folder}/named/deep`] } })
    assert.match(reasonOf(() => workerView(readOnly, '/usr/bin/env', NOTHING_HIDDEN, WORKER)), /mcpServers\.srv: .*named\/deep is a link to .*home that belongs to the user of workers/)
    const program = requestIn(folder, { namedDirs: [`${folder}/named`] })
    assert.match(reasonOf(() => workerView(program, `${folder}/named/tool`, NOTHING_HIDDEN, WORKER)), /named\/tool is a link/)
  })

  it('under root keeps other servers from starting through it, too; links of others do not', (t) => {
    const folder = folderWith(t, ['shared/', 'home/key', 'real/key'])
    plant(`${folder}/home/key`, `${folder}/shared/key`)
    symlinkSync(`${folder}/shared/key`, `${folder}/key`)
    symlinkSync(`${folder}/real`, `${folder}/operators`)
    const byLink = (path: string): string => reasonOf(() => workerView(requestIn(folder, { env: { KEY: `${folder}/${path}` } }), '/usr/bin/env', NOTHING_HIDDEN, WORKER))
    if (isRoot) for (const path of ['shared/key', 'key']) assert.match(byLink(path), /shared\/key is a link/, path)
    assert.equal(byLink('operators/key'), '')
  })
})

describe('mounts', () => {
  it('one for each path, the stronger; outer ones first', () => {
    const mounts: Mount[] = [{ kind: 'rw', path: '/a/b/c' }, { kind: 'ro', path: '/a' }, { kind: 'empty', path: '/a' }, { kind: 'ro', path: '/a/b/c' }]
    assert.deepEqual(inOrder(mounts), [{ kind: 'ro', path: '/a' }, { kind: 'rw', path: '/a/b/c' }])
  })

  it('with the directories that lead to them, open to the worker, unless the host\'s are shown', () => {
    const args = mountArgs([{ kind: 'ro', path: '/one' }, { kind: 'empty', path: '/one/two' }, { kind: 'rw', path: '/one/two/three/four' }, { kind: 'ro', path: '/one/x/y' }, { kind: 'ro', path: '/p/q', source: '/r' }])
    assert.equal(args.join(' '), '--ro-bind /one /one --tmpfs /one/two --perms 0755 --dir /one/two/three --bind /one/two/three/four /one/two/three/four --ro-bind /one/x/y /one/x/y --perms 0755 --dir /p --ro-bind /r /p/q')
    assert.ok(!args.includes(join('/one/x')))
  })
})

import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inOrder, mountArgs } from '../../../src/sandbox/namespace/mount.ts'
import type { Mount } from '../../../src/sandbox/namespace/mount.ts'
import { programDirs } from '../../../src/sandbox/namespace/program-dirs.ts'
import { workerView } from '../../../src/sandbox/namespace/view.ts'
import { folderWith, requestIn } from './sandbox-parts.ts'

const NOTHING_HIDDEN = { directories: [], files: [], notWhole: [] }
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
    assert.deepEqual(shown(workerView(request, '/usr/bin/env', NOTHING_HIDDEN), folder), ['ro /app', 'rw /named', 'rw /tmp', 'rw /data/acme/alice', 'rw /state/workers/w'])
  })

  it('nothing of what is hidden in a project that is shown: state, configuration, other people\'s data, also before it is there', (t) => {
    const folder = folderWith(t, ['package.json', 'gateway.json', 'main.js', 'data/acme/alice/'])
    const request = requestIn(folder, { args: [`${folder}/main.js`], dataDirs: [`${folder}/data/acme/alice`] })
    const view = workerView(request, '/usr/bin/env', { directories: [`${folder}/state`, `${folder}/data`, `${folder}/later`], files: [`${folder}/gateway.json`], notWhole: [] })
    assert.deepEqual(shown(view, folder), ['ro ', 'rw /tmp', 'empty /state', 'empty /data', 'empty /later', 'unreadable /gateway.json', 'rw /data/acme/alice', 'rw /state/workers/w'])
  })

  it('readOnly wins over what lies in it, and over what it lies in', (t) => {
    const folder = folderWith(t, ['a/b/', 'c/d/'])
    const settings = { level: 'auto', network: 'none', pids: 64, readOnly: [`${folder}/a`, `${folder}/c/d`], writable: [`${folder}/a/b`, `${folder}/c`] } as const
    assert.deepEqual(shown(workerView(requestIn(folder, { settings }), '/usr/bin/env', NOTHING_HIDDEN), folder), ['ro /a', 'rw /c', 'rw /tmp', 'ro /c/d', 'rw /state/workers/w'])
  })

  it('files that args and env name read-only, and nothing beside them', (t) => {
    const folder = folderWith(t, ['keys/own.pem', 'keys/other.pem'])
    const view = workerView(requestIn(folder, { env: { PATH: '/usr/bin', KEY: `${folder}/keys/own.pem` } }), '/usr/bin/env', NOTHING_HIDDEN)
    assert.deepEqual(shown(view, folder).filter((each) => each.includes('keys')), ['ro /keys/own.pem'])
  })

  it('what a link in a shown directory leads to, where it leads', (t) => {
    const folder = folderWith(t, ['project/package.json', 'project/main.js', 'disk/alice/'])
    symlinkSync(`${folder}/disk`, `${folder}/project/data`)
    const view = workerView(requestIn(folder, { args: [`${folder}/project/main.js`], dataDirs: [`${folder}/project/data/alice`] }), '/usr/bin/env', NOTHING_HIDDEN)
    assert.deepEqual(shown(view, folder), ['ro /project', 'rw /tmp', 'rw /disk/alice', 'rw /state/workers/w'])
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

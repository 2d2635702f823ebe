import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { prepareLaunch } from '../../../src/stdio-pool/index.ts'
import type { LaunchIdentity, WorkerLaunch } from '../../../src/stdio-pool/index.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { host, identity } from './pool-parts.ts'

let dir: string

function launch (own: Partial<ServerSettings>, who: LaunchIdentity = identity('acme', 'alice')): WorkerLaunch {
  return prepareLaunch(serverSettings(own), who, { stateDir: join(dir, 'state'), workerKey: 'key' }, host)
}

describe('prepareLaunch', () => {
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'launch-'))
    await mkdir(join(dir, 'there', 'inner'), { recursive: true })
    await writeFile(join(dir, 'there', 'file'), '')
  })
  after(() => rm(dir, { recursive: true, force: true }))

  it('fills args, env values, cwd and sandbox paths, and nothing else', () => {
    const made = launch({ command: '/bin/{user}', args: ['{tenant}', 'x={tenant}/{user}'], env: { '{user}': '{tenant}' }, cwd: '/w/{tenant}/{user}', sandbox: { level: 'none', network: ['*'], pids: 256, readOnly: [], writable: ['/s/{tenant}'] } })
    assert.equal(made.command, '/bin/{user}')
    assert.deepEqual(made.args, ['acme', 'x=acme/alice'])
    assert.equal(made.env['{user}'], 'acme')
    assert.equal(made.cwd, '/w/acme/alice')
    assert.deepEqual(made.rootDirs, ['/w/acme/alice', '/s/acme'])
  })

  it('leaves shell syntax alone (T45)', () => {
    assert.deepEqual(launch({ args: ['$(touch x)', '`id`', ';', '*'] }).args, ['$(touch x)', '`id`', ';', '*'])
  })

  it('gives each launch a private directory of its own, not named after the caller', () => {
    const [one, two] = [launch({}), launch({})]
    assert.match(one.privateDir.slice(join(dir, 'state', 'workers').length), /^\/[0-9a-f]{12}-[0-9a-f]{8}$/)
    assert.notEqual(one.privateDir, two.privateDir)
    assert.equal(one.cwd, join(one.privateDir, 'home'))
  })

  const dataDirs: Array<[string, Partial<ServerSettings>, string[]]> = [
    ['an arg is a directory', { args: ['/d/{tenant}/{user}'] }, ['/d/acme/alice']],
    ['a positional arg is a directory to its end', { args: ['-y', 'pkg', '/d/{tenant}/{user}/files'] }, ['/d/acme/alice/files']],
    ['a file needs its parent', { args: ['/d/{tenant}/{user}.json'] }, ['/d/acme']],
    ['a file below needs its parent', { env: { F: '/d/{tenant}/{user}/m/memory.json' } }, ['/d/acme/alice/m']],
    ['a flag\'s value is made as far as it is certain', { args: ['--db', '/d/{tenant}/{user}/db', '--log=/l/{tenant}/log'] }, ['/d/acme/alice', '/l/acme']],
    ['so is an environment value', { env: { D: '/d/{tenant}/{user}/db' } }, ['/d/acme/alice']],
    ['a list of paths', { env: { P: '/a/{tenant}:/b:/c/{tenant}' } }, ['/a/acme', '/c/acme']],
    ['cwd and sandbox paths', { cwd: '/w/{tenant}/v1.2', sandbox: { level: 'none', network: ['*'], pids: 256, readOnly: [], writable: ['/s/{tenant}/x', '/usr'] } }, ['/w/acme/v1.2', '/s/acme/x']],
    ['relative to cwd', { cwd: '/w', args: ['./d/{tenant}', '../{tenant}'] }, ['/w/d/acme', '/acme']],
    ['doubles once', { args: ['/d/{tenant}', '/d/{tenant}'] }, ['/d/acme']],
    ['nothing without a template', { args: ['/d/x'], cwd: '/w' }, []],
    ['no path, no directory', { args: ['{tenant}', 'https://x/{tenant}', 'a/{user}/{tenant}', 'postgres://h:1/{tenant}', 'h:/d/{tenant}'] }, []],
    ['docker: the host side of a mount', { command: 'docker', args: ['run', '-i', '-v', '/h/{tenant}/{user}:/data:ro', '--mount', 'type=bind,src=/m/{tenant},dst=/m', '--volume=vol{tenant}:/v', 'img', '/data/{tenant}'] }, ['/h/acme/alice', '/m/acme']]
  ]
  for (const [name, own, expected] of dataDirs) it(`data directories: ${name}`, () => assert.deepEqual(launch(own).dataDirs, expected))

  it('a user named like a file is not one', () => {
    assert.deepEqual(launch({ args: ['/d/{tenant}/{user}'] }, identity('acme', 'a.json')).dataDirs, ['/d/acme/a.json'])
  })

  it('root directories: existing directories and templated ones, not files, not words', () => {
    const made = launch({ cwd: join(dir, 'there'), args: ['inner', './inner', '..', join(dir, 'absent'), join(dir, 'there', 'file'), '/d/{tenant}/{user}', '/d/{tenant}/{user}.json', `--root=${dir}/there`] })
    assert.deepEqual(made.rootDirs, [join(dir, 'there'), join(dir, 'there', 'inner'), dir, '/d/acme/alice'])
  })

  it('root directories: none for an entry that names none, although it has a private home', () => {
    assert.deepEqual(launch({ args: ['-y', 'pkg'] }).rootDirs, [])
  })

  it('root directories: in a container, where the mounts are', () => {
    assert.deepEqual(launch({ command: '/usr/bin/docker', args: ['run', '-v', '/h/{tenant}/{user}:/data', '--mount', 'type=bind,source=/m,target=/in', 'img', dir] }).rootDirs, ['/data', '/in'])
  })
})

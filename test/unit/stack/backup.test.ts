/** What a backup is, for real: its parts, its encryption, and that nothing in it can be changed unseen. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { contentsOf, preparedPlace, standInDocker } from './operator-scripts.ts'
import type { Ended, Place } from './operator-scripts.ts'

interface Saved extends Place {
  readonly archive: string
  readonly passphrase: string
}

async function saved (t: TestContext): Promise<Saved> {
  const place = await preparedPlace(t)
  const [archive, passphrase] = [join(place.folder, 'a.tar'), join(place.folder, 'passphrase')]
  writeFileSync(passphrase, 'correct horse battery staple\n')
  const { code, errors } = await place.script('backup', '--files-only', '--passphrase-file', 'passphrase', '--out', 'a.tar')
  assert.equal(code, 0, errors)
  return { ...place, archive, passphrase }
}

describe('backup and restore of files', () => {
  it('gives everything back on a machine that has nothing', async (t) => {
    const { instance, envFile, script } = await saved(t)
    const [before, settings] = [contentsOf(instance), readFileSync(envFile, 'utf8')]
    rmSync(instance, { recursive: true })
    rmSync(envFile)
    const { code, errors } = await script('restore', 'a.tar', '--passphrase-file', 'passphrase', '--files-only')
    assert.equal(code, 0, errors)
    assert.deepEqual(contentsOf(instance), before)
    for (const line of settings.split('\n')) assert.ok(readFileSync(envFile, 'utf8').includes(line), line)
    assert.equal(statSync(instance).mode & 0o777, 0o700)
    assert.equal(statSync(join(instance, 'secrets/redis_acl')).mode & 0o777, 0o444)
  })

  it('writes no secret that can be read, into a file of the owner alone, and nothing beside it', async (t) => {
    const { archive, folder, instance } = await saved(t)
    assert.equal(statSync(archive).mode & 0o777, 0o600)
    const bytes = readFileSync(archive, 'latin1')
    for (const [name, secret] of Object.entries(contentsOf(join(instance, 'secrets')))) assert.ok(!bytes.includes(secret), name)
    assert.doesNotMatch(bytes, /PRIVATE KEY|PUBLIC_URL/)
    assert.deepEqual(readdirSync(folder).sort(), ['a.tar', 'instance', 'passphrase', 'stack.env'])
  })

  it('refuses to write secrets as they are unless it is told to, and weak passphrases', async (t) => {
    const { folder, script } = await saved(t)
    assert.equal((await script('backup', '--files-only', '--out', 'b.tar')).code, 2)
    writeFileSync(join(folder, 'weak'), 'hunter2\n')
    assert.equal((await script('backup', '--files-only', '--passphrase-file', 'weak', '--out', 'b.tar')).code, 1)
    assert.equal((await script('backup', '--files-only', '--plain-secrets', '--out', 'a.tar')).code, 1, 'what is there is not overwritten')
    assert.equal(existsSync(join(folder, 'b.tar')), false)
  })

  it('a plain one restores, and does not pass for an encrypted one', async (t) => {
    const { instance, script } = await saved(t)
    assert.equal((await script('backup', '--files-only', '--plain-secrets', '--out', 'plain.tar')).code, 0)
    const refused = await script('restore', 'plain.tar', '--check', '--passphrase-file', 'passphrase')
    assert.equal(refused.code, 1)
    assert.match(refused.errors, /is not encrypted/)
    const before = contentsOf(join(instance, 'secrets'))
    rmSync(join(instance, 'secrets'), { recursive: true })
    assert.equal((await script('restore', 'plain.tar', '--files-only', '--yes')).code, 0)
    assert.deepEqual(contentsOf(join(instance, 'secrets')), before)
  })

  it('one changed byte, of any part, of the manifest or of its MAC, and nothing is restored', async (t) => {
    const { archive, folder, instance, script } = await saved(t)
    const bytes = readFileSync(archive)
    const before = contentsOf(instance)
    for (const name of ['settings.env', 'files.tar', 'secrets.tar', 'manifest.mac', 'manifest\0']) {
      const changed = Buffer.from(bytes)
      // The body begins 512 bytes after the name in the header.
      const at = bytes.indexOf(name) + 512 + 30
      changed[at] = (changed[at] ?? 0) ^ 1
      writeFileSync(join(folder, 'changed.tar'), changed)
      const { code, errors } = await script('restore', 'changed.tar', '--passphrase-file', 'passphrase', '--files-only', '--yes')
      assert.equal(code, 1, name)
      assert.match(errors, /changed|not a backup|another version/, name)
    }
    assert.deepEqual(contentsOf(instance), before)
  })

  it('a part of another backup does not fit, though the passphrase is the same, and a cut file is none', async (t) => {
    const { archive, folder, script } = await saved(t)
    assert.equal((await script('backup', '--files-only', '--passphrase-file', 'passphrase', '--out', 'other.tar')).code, 0)
    const [one, other] = [readFileSync(archive), readFileSync(join(folder, 'other.tar'))]
    const at = one.indexOf('secrets.tar')
    assert.equal(at, other.indexOf('secrets.tar'), 'both have it in the same place')
    const size = parseInt(one.toString('latin1', at + 124, at + 135), 8)
    other.copy(one, at + 512, at + 512, at + 512 + size)
    writeFileSync(join(folder, 'mixed.tar'), one)
    assert.match((await script('restore', 'mixed.tar', '--check', '--passphrase-file', 'passphrase')).errors, /secrets\.tar was changed/)
    writeFileSync(join(folder, 'cut.tar'), one.subarray(0, one.length / 2))
    assert.match((await script('restore', 'cut.tar', '--check', '--passphrase-file', 'passphrase')).errors, /not a whole one/)
  })

  it('the wrong passphrase is said, and none at all', async (t) => {
    const { folder, script } = await saved(t)
    writeFileSync(join(folder, 'wrong'), 'incorrect horse battery staple\n')
    assert.match((await script('restore', 'a.tar', '--check', '--passphrase-file', 'wrong')).errors, /wrong passphrase/)
    assert.match((await script('restore', 'a.tar', '--check')).errors, /is encrypted/)
  })

  it('keeps the newest of its own, and all of a project with a longer name', async (t) => {
    const { folder, instance, script } = await saved(t)
    const backups = join(instance, 'backups')
    const others = ['scripts-test-staging-20250101T000000Z.tar', 'scripts-test-before-upgrade.tar', 'scripts-test-20250101T000000Z.tar.asc', 'other-20250101T000000Z.tar']
    for (const name of ['scripts-test-20250101T000000Z.tar', 'scripts-test-20250102T000000Z.tar', ...others]) writeFileSync(join(backups, name), '')
    const { code, errors } = await script('backup', '--files-only', '--passphrase-file', 'passphrase', '--keep', '2')
    assert.equal(code, 0, errors)
    const [made = '', ...rest] = readdirSync(backups).filter((name) => !others.includes(name)).sort().reverse()
    assert.match(made, /^scripts-test-20\d{6}T\d{6}Z\.tar$/)
    assert.deepEqual(rest, ['scripts-test-20250102T000000Z.tar'])
    assert.ok(others.every((name) => existsSync(join(backups, name))), folder)
  })

  it('--pause holds gateways still and nothing else, whatever the project is called', async (t) => {
    const place = await saved(t)
    const running = 'case "$*" in \'ps --filter\'*) [ ! -e "$INSTANCE/gateways" ] || cat "$INSTANCE/gateways" ;; esac'
    const docker = standInDocker(place, running)
    const backup = (name: string): Promise<Ended> => docker.script('backup', '--passphrase-file', 'passphrase', '--pause', '--out', name)
    const none = await backup('none.tar')
    assert.equal(none.code, 0, none.errors)
    writeFileSync(join(place.instance, 'gateways'), 'aaa gateway-blue-1\nbbb nginx\nccc gateway-blue-2\nddd redis\n')
    const two = await backup('two.tar')
    assert.equal(two.code, 0, two.errors)
    assert.deepEqual(docker.asked().filter((call) => /^(un)?pause/.test(call)), ['pause aaa ccc', 'unpause aaa', 'unpause ccc'])
  })

  it('a gateway that does not go on is no success: it is tried again, and said when that is in vain', async (t) => {
    const place = await saved(t)
    const docker = standInDocker(place, `case "$*" in
  'ps --filter'*) printf 'aaa gateway-blue-1\\nccc gateway-blue-2\\n' ;;
  'unpause aaa') if [ -e "$INSTANCE/../never" ] || [ ! -e "$INSTANCE/../once" ]; then touch "$INSTANCE/../once"; exit 1; fi ;;
esac`)
    const once = await docker.script('backup', '--passphrase-file', 'passphrase', '--pause', '--out', 'b.tar')
    assert.equal(once.code, 1)
    assert.match(once.errors, /a gateway that was held still does not go on; nothing is left of this backup/)
    assert.doesNotMatch(once.errors, /warning: not every gateway/)
    assert.deepEqual(docker.asked().filter((call) => call.startsWith('unpause')), ['unpause aaa', 'unpause ccc', 'unpause aaa'])
    writeFileSync(join(place.folder, 'never'), '')
    const never = await docker.script('backup', '--passphrase-file', 'passphrase', '--pause', '--out', 'b.tar')
    assert.equal(never.code, 1)
    assert.match(never.errors, /warning: not every gateway goes on: docker ps --filter status=paused/)
    assert.ok(!existsSync(join(place.folder, 'b.tar')) && !existsSync(join(place.folder, 'b.tar.parts')))
  })

  it('on a machine without settings those of the backup say which image, which folder and which project are meant', async (t) => {
    const place = await saved(t)
    const { instance, envFile, script } = place
    const before = contentsOf(instance)
    const { COMPOSE_PROJECT_NAME: _project, ...env } = place.env
    writeFileSync(envFile, readFileSync(envFile, 'utf8').replace(/^#DRAWBRIDGE_IMAGE=.*$/m, 'DRAWBRIDGE_IMAGE=registry.example/drawbridge'))
    assert.equal((await script('backup', '--plain-secrets', '--files-only', '--out', 'b.tar')).code, 0)
    rmSync(envFile)
    const refused = await script('restore', 'b.tar', '--files-only')
    assert.equal(refused.code, 1)
    assert.ok(refused.errors.includes(`${instance} has an instance already; with --yes`), refused.errors)
    assert.deepEqual(contentsOf(instance), before)
    const docker = standInDocker({ ...place, env }, 'case "$*" in image*) exit 1 ;; pull*) exit 1 ;; ps*project=scripts-test*) [ ! -e "$INSTANCE/runs" ] || echo running ;; esac')
    const absent = await docker.script('restore', 'b.tar', '--yes')
    assert.equal(absent.code, 1)
    assert.match(absent.errors, /registry\.example\/drawbridge:dev cannot be pulled; nothing was changed/)
    rmSync(join(instance, 'secrets'), { recursive: true })
    writeFileSync(join(instance, 'runs'), '')
    assert.match((await docker.script('restore', 'b.tar')).errors, /the stack scripts-test runs/)
  })

  it('restores beside nobody who changes the stack, and nobody begins before it has ended', async (t) => {
    const place = await saved(t)
    const { instance, script } = place
    const holder = spawn('flock', [join(instance, 'lock'), '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
    t.after(() => { holder.stdin.destroy() })
    await once(holder.stdout, 'data')
    const before = contentsOf(instance)
    assert.equal((await script('restore', 'a.tar', '--passphrase-file', 'passphrase', '--files-only', '--yes')).code, 5)
    assert.deepEqual(contentsOf(instance), before)
    holder.stdin.end()
    await once(holder, 'close')
    const docker = standInDocker(place, 'flock -n "$INSTANCE/lock" true && echo free >> "$INSTANCE/../held" || echo held >> "$INSTANCE/../held"')
    const { code, out, errors } = await docker.script('restore', 'a.tar', '--passphrase-file', 'passphrase', '--yes', '--no-start')
    assert.equal(code, 0, errors)
    assert.match(out, /^\[5\/5\] volumes$/m)
    assert.equal(docker.asked().at(-1)?.startsWith('exec'), true, 'nginx was told')
    assert.deepEqual([...new Set(readFileSync(join(place.folder, 'held'), 'utf8').trim().split('\n'))], ['held'])
  })

  it('what is here already is replaced with --yes only, and moved aside', async (t) => {
    const { folder, instance, script } = await saved(t)
    const token = join(instance, 'secrets/management_token')
    rmSync(token)
    writeFileSync(token, 'another')
    const refused = await script('restore', 'a.tar', '--passphrase-file', 'passphrase', '--files-only')
    assert.equal(refused.code, 1)
    assert.match(refused.errors, /--yes/)
    assert.equal(readFileSync(token, 'utf8'), 'another')
    assert.equal((await script('restore', 'a.tar', '--passphrase-file', 'passphrase', '--files-only', '--yes')).code, 0)
    assert.notEqual(readFileSync(token, 'utf8'), 'another')
    const aside = readdirSync(folder).find((name) => name.startsWith('instance.before-')) ?? ''
    assert.equal(readFileSync(join(folder, aside, 'secrets/management_token'), 'utf8'), 'another')
  })
})

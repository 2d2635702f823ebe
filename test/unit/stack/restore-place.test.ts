/** scripts/restore where the place does not let go of what is in it: nothing is lost, and it is said. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { contentsOf, ended, preparedPlace, root, standInDocker } from './operator-scripts.ts'
import type { Ended, Place, StandIn } from './operator-scripts.ts'

interface Prepared {
  readonly place: Place
  readonly docker: StandIn
  /** The backup that is restored: one of those that the instance keeps. */
  readonly archive: string
}

async function prepared (t: TestContext): Promise<Prepared> {
  const place = await preparedPlace(t)
  const archive = join(place.instance, 'backups/a.tar')
  const { code, errors } = await place.script('backup', '--files-only', '--plain-secrets', '--out', archive)
  assert.equal(code, 0, errors)
  return { place, docker: standInDocker(place), archive }
}

/** `mv` fails where it is called like this. */
function failingMove (place: Place, when: string): string {
  const path = join(place.folder, 'bin/mv')
  writeFileSync(path, `#!/bin/sh\ncase "$*" in ${when}) exit 1 ;; esac\nPATH=\${PATH#*:} exec mv "$@"\n`, { mode: 0o755 })
  return path
}

/** All files of the instance but the lock. */
const keptIn = (place: Place): object => ({ ...contentsOf(place.instance), lock: '' })

/** The restore with these folders mounted on themselves, as another file system would be. */
function restoreWithMounts (prepared: Prepared, mounts: readonly string[], ...args: string[]): Promise<Ended> {
  const { archive, place, docker } = prepared
  return ended('bwrap', ['--dev-bind', '/', '/', ...mounts.flatMap((folder) => ['--bind', folder, folder]), join(root, 'scripts/restore'), archive, '--yes', ...args], place.folder, docker.env)
}

describe('scripts/restore', () => {
  it('takes nothing down where the instance, or a folder of it, is a mount point', async (t) => {
    const all = await prepared(t)
    const before = keptIn(all.place)
    for (const folder of ['', 'backups', 'secrets']) {
      const mount = join(all.place.instance, folder)
      const { code, errors } = await restoreWithMounts(all, [mount])
      assert.equal(code, 1, errors)
      assert.ok(errors.includes(`${mount} is a mount point`) && errors.includes('nothing was changed'), errors)
    }
    assert.deepEqual(keptIn(all.place), before)
    assert.deepEqual(all.docker.asked().filter((call) => call.includes(' down')), [])
    // The folder that it is in may be one.
    const fits = await restoreWithMounts(all, [all.place.folder], '--files-only')
    assert.equal(fits.code, 0, fits.errors)
  })

  for (const when of ['*/instance\\ */instance.before-*', '*/instance.new\\ */instance']) {
    it(`what cannot be renamed is left as it is, and the command can be given again: ${when}`, async (t) => {
      const { place, docker, archive } = await prepared(t)
      const before = keptIn(place)
      const broken = failingMove(place, when)
      const failed = await docker.script('restore', archive, '--files-only', '--yes')
      assert.equal(failed.code, 4, failed.errors)
      assert.match(failed.errors, /could not be put back; give the command again/)
      assert.deepEqual(keptIn(place), before)
      rmSync(broken)
      const again = await docker.script('restore', archive, '--files-only', '--yes')
      assert.equal(again.code, 0, again.errors)
      assert.deepEqual(keptIn(place), before)
    })
  }

  it('loses no backup where those cannot be taken along, and says where they are', async (t) => {
    const { place, docker, archive } = await prepared(t)
    const [bytes, broken] = [readFileSync(archive, 'latin1'), failingMove(place, '*/backups')]
    const failed = await docker.script('restore', archive, '--files-only', '--yes')
    assert.equal(failed.code, 4, failed.errors)
    const aside = join(place.folder, readdirSync(place.folder).find((name) => name.startsWith('instance.before-')) ?? '', 'backups')
    assert.ok(failed.errors.includes(`the backups are in ${aside}`), failed.errors)
    rmSync(broken)
    const again = await docker.script('restore', join(aside, 'a.tar'), '--files-only', '--yes')
    assert.equal(again.code, 0, again.errors)
    assert.equal(readFileSync(join(aside, 'a.tar'), 'latin1'), bytes)
    assert.ok(existsSync(join(place.instance, 'backups')))
  })

  it('ended in the middle it takes away what is its own, and nothing else', async (t) => {
    const { place, archive } = await prepared(t)
    // The routes come last: nginx is told, and then the terminal is gone.
    const { env } = standInDocker(place, 'case "$*" in exec*nginx\\ -t*) kill -TERM "$PPID"; exit ;; esac')
    const temporary = join(place.folder, 'temporary')
    mkdirSync(temporary)
    const { code } = await ended(join(root, 'scripts/restore'), [archive, '--yes', '--no-start'], place.folder, { ...env, TMPDIR: temporary })
    assert.equal(code, null, 'by the signal')
    assert.ok(existsSync(join(place.instance, 'secrets/management_token')))
    assert.deepEqual(readdirSync(temporary), [])
  })

  it('settings that cannot be written are no success, and not "nothing was changed" either', async (t) => {
    const { place, docker, archive } = await prepared(t)
    failingMove(place, '*stack.env')
    const { code, errors } = await docker.script('restore', archive, '--files-only', '--yes')
    assert.equal(code, 4, errors)
    assert.match(errors, /stack\.env could not be written/)
  })
})

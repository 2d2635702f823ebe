/** scripts/rotate-secrets where something goes wrong: Redis is never told to read a list of users that would leave it open, and a second run ends what the first began. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { preparedPlace, root, standInDocker, ended } from './operator-scripts.ts'
import type { Place } from './operator-scripts.ts'

/** As Redis: an ACL file that says nothing of `default` is read, with OK, and whoever comes may do everything. */
const REDIS = `case "$*" in
  *'ACL LOAD') grep -q '^user default off' "$INSTANCE/secrets/redis_acl" && echo shut >> "$INSTANCE/loaded" || echo OPEN >> "$INSTANCE/loaded"; echo OK; exit ;;
esac`
const USERS = ['gateway', 'health', 'exporter', 'backup']

const secret = (place: Place, name: string): string => readFileSync(join(place.instance, 'secrets', name), 'utf8')
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A `chmod` that does something of its own to redis_acl, as what may happen to a disk in between. */
function chmodThat (place: Place, mode: string, does: string): void {
  writeFileSync(join(place.folder, 'bin/chmod'), `#!/bin/sh\ncase "$*" in '${mode} '*/redis_acl) ${does} ;; esac\nPATH=\${PATH#*:} exec chmod "$@"\n`, { mode: 0o755 })
}

/** Redis' passwords anew; a write beyond the limit for files fails, as one to a full disk, and kills nobody. */
function rotate (place: Place, env: NodeJS.ProcessEnv): ReturnType<Place['script']> {
  return ended('bash', ['-c', `trap '' XFSZ; exec "${root}scripts/rotate-secrets" redis`], place.folder, env)
}

describe('scripts/rotate-secrets redis', () => {
  it('leaves one password of each user, which is a new one, in every file', async (t) => {
    const place = await preparedPlace(t)
    const { env } = standInDocker(place, REDIS)
    const before = USERS.map((name) => secret(place, `redis_${name}_password`))
    const { code, errors } = await rotate(place, env)
    assert.equal(code, 0, errors)
    const now = USERS.map((name) => secret(place, `redis_${name}_password`))
    now.forEach((password, at) => { assert.match(password, /^[0-9a-f]{64}$/); assert.notEqual(password, before[at]) })
    assert.deepEqual(secret(place, 'redis_acl').match(/(?<= #)[0-9a-f]{64}/g), now.map(digestOf))
    assert.ok(secret(place, 'redis_url').includes(`:${now[0] ?? ''}@`))
    assert.deepEqual(JSON.parse(secret(place, 'redis_exporter_passwords')), { 'redis://exporter@redis:6379': now[2] })
    assert.equal(readFileSync(join(place.instance, 'loaded'), 'utf8'), 'shut\nshut\n')
  })

  it('a disk that is full: the file stays as it was, Redis is told nothing, and the next run ends it', async (t) => {
    const place = await preparedPlace(t)
    const { env, asked } = standInDocker(place, REDIS)
    const before = secret(place, 'redis_acl')
    // The limit is that of the shell which is about to write.
    chmodThat(place, 'u+w', 'prlimit --pid "$PPID" --fsize=0:')
    const { code, errors } = await rotate(place, env)
    assert.equal(code, 4, errors)
    assert.equal(secret(place, 'redis_acl'), before)
    assert.ok(!asked().some((call) => call.includes('ACL LOAD') || call.includes(' up ')), asked().join('\n'))
    rmSync(join(place.folder, 'bin/chmod'))
    assert.equal((await rotate(place, env)).code, 0)
    assert.equal(readFileSync(join(place.instance, 'loaded'), 'utf8'), 'shut\nshut\n')
  })

  it('a list of users that does not shut out everybody else is not read, however it came to be', async (t) => {
    const place = await preparedPlace(t)
    const { env, asked } = standInDocker(place, REDIS)
    chmodThat(place, '444', ': > "$2"')
    const { code, errors } = await rotate(place, env)
    assert.equal(code, 4, errors)
    assert.match(errors, /does not shut out/)
    assert.ok(!asked().some((call) => call.includes('ACL LOAD')), asked().join('\n'))
  })

  it('interrupted between keeping a password and making a new one: it is made in the second run', async (t) => {
    const place = await preparedPlace(t)
    const { env } = standInDocker(place, REDIS)
    const file = (name: string): string => join(place.instance, 'secrets', `redis_${name}_password`)
    const before = USERS.map((name) => secret(place, `redis_${name}_password`))
    // Kept, and no more than that; kept, and cut short; kept, and renewed.
    for (const name of ['gateway', 'health', 'backup']) copyFileSync(file(name), `${file(name)}.before`)
    chmodSync(file('health'), 0o644)
    writeFileSync(file('health'), '')
    chmodSync(file('backup'), 0o644)
    writeFileSync(file('backup'), 'f'.repeat(64))
    const { code, errors } = await rotate(place, env)
    assert.equal(code, 0, errors)
    const now = USERS.map((name) => secret(place, `redis_${name}_password`))
    now.forEach((password, at) => { assert.match(password, /^[0-9a-f]{64}$/); assert.notEqual(password, before[at]) })
    assert.equal(now[3], 'f'.repeat(64), 'one that is new already stays')
  })
})

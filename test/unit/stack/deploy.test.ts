/** scripts/deploy where something comes in between: it undoes itself whoever has gone meanwhile, it ends what is in service, and a tag keeps its image. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { until } from '../../helpers/until.ts'
import { preparedPlace, root, standInDocker } from './operator-scripts.ts'
import type { Place } from './operator-scripts.ts'

/** Notes which version each replica is started with; waits once at the call that has `at` in it; ends, as Docker's client does, when nobody reads. */
const held = (at: string): string => `
FOLDER=\${INSTANCE%/*}
case "$*" in *' up -d '*) for last; do :; done; echo "$last $BLUE_VERSION" >> "$FOLDER/started" ;; esac
case "$*" in *'${at}'*) if [ ! -e "$FOLDER/go" ]; then mkfifo "$FOLDER/go"; read -r word < "$FOLDER/go"; fi ;; esac
case "$*" in *' up -d '* | *' kill '*) echo Container >&2 || kill -PIPE $$ ;; esac`

interface Held {
  readonly place: Place
  readonly started: () => string[]
  /** Ends the script's wait; resolves with its exit code and what it said. */
  readonly goOn: () => Promise<readonly [code: number | null, said: string]>
  readonly leave: (how: 'unread' | NodeJS.Signals) => void
}

/** A deployment that waits in the middle. */
async function heldAt (t: TestContext, at: string): Promise<Held> {
  const place = await preparedPlace(t)
  const { env } = standInDocker(place, held(at))
  const child = spawn(join(root, 'scripts/deploy'), ['--version', '2.0'], { cwd: place.folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  // With what it started, which waits: where the test ends before that.
  t.after(() => {
    try {
      process.kill(-Number(child.pid), 'SIGKILL')
    } catch {
      // Everything has ended by itself.
    }
  })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said.push(text) })
  const closed = once(child, 'close') as Promise<[number | null]>
  const go = join(place.folder, 'go')
  await until('it waits', () => existsSync(go) || child.exitCode !== null, 60_000)
  assert.equal(child.exitCode, null, said.join(''))
  return {
    place,
    started: () => readFileSync(join(place.folder, 'started'), 'utf8').trim().split('\n'),
    goOn: async () => { await writeFile(go, 'on\n'); return [(await closed)[0], said.join('')] },
    leave: (how) => {
      if (how !== 'unread') child.kill(how)
      else for (const stream of [child.stdout, child.stderr]) stream.destroy()
    }
  }
}

describe('scripts/deploy', () => {
  for (const how of ['unread', 'SIGHUP', 'SIGTERM'] as const) {
    it(`undoes itself when whoever gave the command has gone: ${how}`, async (t) => {
      const { place, started, leave, goOn } = await heldAt(t, ' up -d --no-deps --no-build gateway-blue-2')
      leave(how)
      const [code, said] = await goOn()
      assert.equal(code, 3, said)
      assert.deepEqual(started(), ['gateway-blue-1 2.0', 'gateway-blue-2 2.0', 'gateway-blue-2 dev', 'gateway-blue-1 dev'])
      assert.match(readFileSync(place.envFile, 'utf8'), /^BLUE_VERSION=dev$/m)
      assert.match(readFileSync(join(place.instance, 'nginx/upstreams.conf'), 'utf8'), /drawbridge_b1 [^]*drawbridge_b2 /)
      assert.equal(existsSync(join(place.instance, 'history')), false)
      assert.match(how === 'unread' ? readFileSync(join(place.instance, 'deploy.log'), 'utf8') : said, /2\.0 was not put into service; dev serves as before/)
    })
  }

  it('ends what is in service already, and writes it down, whoever has gone', async (t) => {
    const { place, started, leave, goOn } = await heldAt(t, 'kill -s HUP prometheus')
    for (const how of ['SIGHUP', 'SIGTERM', 'unread'] as const) leave(how)
    assert.equal((await goOn())[0], 0)
    assert.deepEqual(started(), ['gateway-blue-1 2.0', 'gateway-blue-2 2.0'])
    assert.match(readFileSync(place.envFile, 'utf8'), /^BLUE_VERSION=2\.0$/m)
    assert.match(readFileSync(join(place.instance, 'history'), 'utf8'), / blue dev first\n.* blue 2\.0 rolling\n$/)
  })

  it('gives no image a tag that another one has: neither one that was built nor one that was pulled', async (t) => {
    const place = await preparedPlace(t)
    const digest = `sha256:${'0'.repeat(64)}`
    const docker = standInDocker(place, 'case "$*" in \'image inspect\'*.new | \'image inspect\'*@*) echo sha256:two; exit ;; \'image inspect\'*:2.0) exit 1 ;; esac')
    for (const args of [['--build', '--version', 'dev'], ['--build', '--version', 'other'], ['--digest', digest, '--version', 'dev']]) {
      const { code, errors } = await docker.script('deploy', ...args)
      assert.equal(code, 1, errors)
      assert.match(errors, /from another build.*nothing was changed/)
    }
    const calls = docker.asked()
    assert.ok(!calls.some((call) => /^tag | up -d |^build .* -t drawbridge:(dev|other) /.test(call)), calls.join('\n'))
    assert.deepEqual(calls.filter((call) => call.startsWith('image rm')), ['image rm drawbridge:dev.new', 'image rm drawbridge:other.new'])
    const free = await docker.script('deploy', '--build', '--version', '2.0')
    assert.equal(free.code, 0, free.errors)
    assert.deepEqual(docker.asked().filter((call) => /2\.0/.test(call) && /^(tag|image rm)/.test(call)), ['tag drawbridge:2.0.new drawbridge:2.0', 'image rm drawbridge:2.0.new'])
  })
})

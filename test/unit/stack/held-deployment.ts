/** A deployment that waits in the middle, so that something can happen to it there. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { until } from '../../helpers/until.ts'
import { preparedPlace, root, standInDocker } from './operator-scripts.ts'
import type { Place, StandIn } from './operator-scripts.ts'

/** Notes which version each replica is started with; waits once at the call that has `at` in it; ends, as Docker's client does, when nobody reads. */
const held = (at: string): string => `
FOLDER=\${INSTANCE%/*}
case "$*" in *' up -d '*) for last; do :; done; echo "$last \${BLUE_VERSION:-$GREEN_VERSION}" >> "$FOLDER/started" ;; esac
case "$*" in *'${at}'*) if [ ! -e "$FOLDER/go" ]; then mkfifo "$FOLDER/go"; read -r word < "$FOLDER/go"; fi ;; esac
case "$*" in *' up -d '* | *' kill '*) echo Container >&2 || kill -PIPE $$ ;; esac`

/** A deployment that waits for the test. */
export interface Held {
  readonly place: Place
  readonly docker: StandIn
  /** What was started so far: replica (the last one of a call) and version. */
  readonly started: () => string[]
  /** Ends the script's wait; resolves with its exit code and what it said. */
  readonly goOn: () => Promise<readonly [code: number | null, said: string]>
  /** As when the machine goes down. */
  readonly kill: () => Promise<void>
  readonly leave: (how: 'unread' | NodeJS.Signals) => void
}

/** A deployment of 2.0 that waits once, at the call of Docker that has `at` in it. */
export async function heldAt (t: TestContext, at: string, ...args: string[]): Promise<Held> {
  const place = await preparedPlace(t)
  const docker = standInDocker(place, held(at))
  const child = spawn(join(root, 'scripts/deploy'), ['--version', '2.0', ...args], { cwd: place.folder, env: docker.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  // With what it started, which waits.
  const kill = (): void => {
    try {
      process.kill(-Number(child.pid), 'SIGKILL')
    } catch {
      // Everything has ended by itself.
    }
  }
  // Where the test ends before that.
  t.after(kill)
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said.push(text) })
  const closed = once(child, 'close') as Promise<[number | null]>
  const go = join(place.folder, 'go')
  await until('it waits', () => existsSync(go) || child.exitCode !== null, 60_000)
  assert.equal(child.exitCode, null, said.join(''))
  return {
    place,
    docker,
    started: () => readFileSync(join(place.folder, 'started'), 'utf8').trim().split('\n'),
    goOn: async () => { await writeFile(go, 'on\n'); return [(await closed)[0], said.join('')] },
    kill: async () => { kill(); await closed },
    leave: (how) => {
      if (how !== 'unread') child.kill(how)
      else for (const stream of [child.stdout, child.stderr]) stream.destroy()
    }
  }
}

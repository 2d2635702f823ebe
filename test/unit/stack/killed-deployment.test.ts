/** What a deployment leaves that was killed, or that found the disk full: it is named, and the next command puts it right. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { heldAt } from './held-deployment.ts'
import type { Held } from './held-deployment.ts'
import { contentsOf, preparedPlace, standInDocker } from './operator-scripts.ts'
import type { Place } from './operator-scripts.ts'

/** What `.env`, instance/topology and nginx say. */
function saidBy (place: Place): readonly [colour: string, serving: string, routed: string] {
  const colour = /^COMPOSE_PROFILES=(\w+)$/m.exec(readFileSync(place.envFile, 'utf8'))?.[1] ?? ''
  const routed = [...readFileSync(join(place.instance, 'nginx/upstreams.conf'), 'utf8').matchAll(/^upstream drawbridge_([bg][12]) /gm)].map(([, name]) => name)
  return [colour, readFileSync(join(place.instance, 'topology'), 'utf8').trim(), routed.join(' ')]
}

/** Killed when requests go to the other colour, and .env does not say so yet. */
async function killedSwitch (t: TestContext): Promise<Held> {
  const held = await heldAt(t, ' nginx https://', '--blue-green')
  await held.kill()
  assert.deepEqual(saidBy(held.place), ['blue', 'g1 g2', 'g1 g2'])
  return held
}

/** Which replicas Compose was told to start and to stop, in this order, from the call `from` on. */
const startsAndStops = (calls: readonly string[], from: number): string[] => calls.slice(from).flatMap((call) => / (?:up -d --no-deps --no-build|stop) .*/.exec(call) ?? [])
  .map((call) => call.trim().replace('up -d --no-deps --no-build', 'up').replaceAll('gateway-', ''))

/** The program, but for calls in which `when` is found: those fail, as on a disk that is full. */
function failing (place: Place, program: string, when: string): string {
  const path = join(place.folder, 'bin', program)
  writeFileSync(path, `#!/bin/sh\ncase "$*" in ${when}) exit 1 ;; esac\nPATH=\${PATH#*:} exec ${program} "$@"\n`, { mode: 0o755 })
  return path
}

describe('a deployment that was killed between two colours', () => {
  it('is undone by the next one, beside: the colour that serves is never stopped', async (t) => {
    const { place, docker } = await killedSwitch(t)
    const from = docker.asked().length
    const { code, out, errors } = await docker.script('deploy', '--version', '3.0', '--blue-green')
    assert.equal(code, 0, errors)
    assert.match(out, /says blue, and requests go to g1 g2.*It is undone/)
    assert.deepEqual(startsAndStops(docker.asked(), from), ['stop green-1 green-2', 'up green-1 green-2', 'stop blue-1 blue-2'])
    assert.deepEqual(saidBy(place), ['green', 'g1 g2', 'g1 g2'])
    assert.match(readFileSync(place.envFile, 'utf8'), /^GREEN_VERSION=3\.0$/m)
  })

  it('is undone by the next one, rolling: the colour of .env is what is replaced', async (t) => {
    const { place, docker } = await killedSwitch(t)
    const from = docker.asked().length
    const { code, errors } = await docker.script('deploy', '--version', '3.0')
    assert.equal(code, 0, errors)
    assert.deepEqual(startsAndStops(docker.asked(), from), ['stop green-1 green-2', 'up blue-1', 'up blue-2'])
    assert.deepEqual(saidBy(place), ['blue', 'b1 b2', 'b1 b2'])
  })

  it('is undone also by one that then finds no image, and says so', async (t) => {
    const { place } = await killedSwitch(t)
    const docker = standInDocker(place, 'case "$*" in "image inspect "*:3.0) exit 1 ;; esac')
    const { code, out, errors } = await docker.script('deploy', '--version', '3.0')
    assert.deepEqual([code, saidBy(place)], [1, ['blue', 'b1 b2', 'b1 b2']], errors)
    assert.match(out, /It is undone/)
    assert.match(errors, /there is no image .*:3\.0 here.*; nothing else was changed$/m)
    const again = await docker.script('deploy', '--version', '3.0')
    assert.equal(again.code, 1)
    assert.match(again.errors, /; nothing was changed$/m)
  })

  it('is undone by scripts/rollback, which goes back no further', async (t) => {
    const { place, docker } = await killedSwitch(t)
    writeFileSync(join(place.instance, 'history'), '2026-11-01T00:00:00Z blue 0.9 first\n2026-11-02T00:00:00Z blue dev rolling\n')
    const from = docker.asked().length
    const { code, out, errors } = await docker.script('rollback')
    assert.equal(code, 0, errors)
    assert.match(out, /^back to dev\n[^]*^dev serves already$/m)
    assert.deepEqual(startsAndStops(docker.asked(), from), ['stop green-1 green-2'])
    assert.deepEqual(saidBy(place), ['blue', 'b1 b2', 'b1 b2'])
  })

  it('is named by health-check, and rotate-secrets waits until it is put right', async (t) => {
    const { place, docker } = await killedSwitch(t)
    const { checks } = JSON.parse((await docker.script('health-check', '--json')).out) as { checks: ReadonlyArray<{ name: string, state: string, detail: string }> }
    const colour = checks.find(({ name }) => name === 'colour')
    assert.equal(colour?.state, 'fail')
    assert.match(colour.detail, /says blue, requests go to g1 g2: scripts\/deploy again/)
    const before = contentsOf(place.instance)
    const from = docker.asked().length
    const refused = await docker.script('rotate-secrets', 'management-token')
    assert.equal(refused.code, 1)
    assert.match(refused.errors, /scripts\/deploy --version dev goes back.*nothing was changed/)
    assert.deepEqual(contentsOf(place.instance), before)
    assert.deepEqual(startsAndStops(docker.asked(), from), [])
  })

  it('where the colour of .env does not run, nothing is changed, and what to do is said', async (t) => {
    const place = await preparedPlace(t)
    assert.equal((await place.bash(['common', 'compose', 'targets', 'upstreams', 'topology'], 'set_topology g1 g2')).code, 0)
    const docker = standInDocker(place, 'case "$*" in inspect*State.Running*gateway-blue-2) echo false; exit ;; esac')
    const before = contentsOf(place.instance)
    for (const args of [[], ['--blue-green']]) {
      const { code, errors } = await docker.script('deploy', '--version', '3.0', ...args)
      assert.equal(code, 1)
      assert.match(errors, /b2 is not ready, so requests go on to g1 g2; nothing was changed\..*set COMPOSE_PROFILES=green and GREEN_VERSION/)
    }
    assert.deepEqual({ ...contentsOf(place.instance), lock: '' }, { ...before, lock: '' })
    assert.deepEqual(startsAndStops(docker.asked(), 0), [])
  })
})

describe('a deployment that was killed before it stopped the colour before', () => {
  const coloursBefore = async (script: Held['docker']['script']): Promise<string[]> => {
    const { checks } = JSON.parse((await script('health-check', '--json')).out) as { checks: ReadonlyArray<{ name: string, state: string, detail: string }> }
    return checks.filter(({ name }) => name === 'colour before').map(({ state, detail }) => `${state} ${detail}`)
  }

  it('is done but for that: health-check says with which command', async (t) => {
    const { place, docker, kill } = await heldAt(t, ' stop gateway-blue-1', '--blue-green')
    await kill()
    assert.deepEqual(saidBy(place), ['green', 'g1 g2', 'g1 g2'])
    assert.deepEqual(await coloursBefore(docker.script), ['warn blue runs too: unless a deployment is under way, docker compose --profile blue stop gateway-blue-1 gateway-blue-2'])
    const stopped = standInDocker(place, 'case "$*" in inspect*State.Running*gateway-blue-*) echo false; exit ;; esac')
    assert.deepEqual(await coloursBefore(stopped.script), [])
  })
})

describe('a deployment that was killed while a replica was replaced', () => {
  it('the version of .env, which runs everywhere, gets its requests back', async (t) => {
    const { place, docker, kill } = await heldAt(t, ' up -d --no-deps --no-build gateway-blue-1')
    await kill()
    assert.deepEqual(saidBy(place), ['blue', 'b1 b2', 'b2'])
    const { code, out, errors } = await docker.script('deploy', '--version', 'dev')
    assert.equal(code, 0, errors)
    assert.match(out, /dev serves already/)
    assert.deepEqual(saidBy(place), ['blue', 'b1 b2', 'b1 b2'])
  })

  it('the version of .env is put back where the new one runs', async (t) => {
    const place = await preparedPlace(t)
    const docker = standInDocker(place, 'case "$*" in inspect*.Config.Image*blue-1) echo drawbridge:2.0; exit ;; inspect*.Image*blue-1) echo sha256:two; exit ;; esac')
    const { code, errors } = await docker.script('deploy', '--version', 'dev')
    assert.equal(code, 0, errors)
    assert.deepEqual(startsAndStops(docker.asked(), 0), ['up blue-1', 'up blue-2'])
  })
})

describe('a deployment that serves and cannot be written down', () => {
  for (const [how, colours] of [[[], ['blue', 'blue']], [['--blue-green'], ['blue', 'green']]] as const) {
    it(`.env: 4, and the command that it says ends it: ${how[0] ?? 'rolling'}`, async (t) => {
      const place = await preparedPlace(t)
      const docker = standInDocker(place)
      const full = failing(place, 'mv', '*stack.env')
      const failed = await docker.script('deploy', '--version', '2.0', ...how)
      assert.equal(failed.code, 4, failed.errors)
      const [, command = ''] = /2\.0 serves, and could not be written to .*, which still says dev.* Make room, then scripts\/deploy (.*)\n/.exec(failed.errors) ?? []
      assert.deepEqual(command.split(' '), ['--version', '2.0', ...how])
      assert.equal(saidBy(place)[0], colours[0])
      assert.ok(!docker.asked().some((call) => / stop .*blue/.test(call)), 'what .env says still runs')
      rmSync(full)
      const ended = await docker.script('deploy', ...command.split(' '))
      assert.equal(ended.code, 0, ended.errors)
      assert.equal(saidBy(place)[0], colours[1])
      assert.match(readFileSync(place.envFile, 'utf8'), new RegExp(`^${colours[1].toUpperCase()}_VERSION=2\\.0$`, 'm'))
    })
  }

  it('instance/history: 4 at the end, with the line that is wanting', async (t) => {
    const place = await preparedPlace(t)
    mkdirSync(join(place.instance, 'history'))
    const docker = standInDocker(place)
    const { code, errors } = await docker.script('deploy', '--version', '2.0', '--blue-green')
    assert.equal(code, 4)
    assert.match(errors, /2\.0 serves, and could not be noted in .*: \S+Z green 2\.0 blue-green\n/)
    assert.deepEqual(saidBy(place), ['green', 'g1 g2', 'g1 g2'])
    assert.deepEqual(startsAndStops(docker.asked(), 0), ['up green-1 green-2', 'stop blue-1 blue-2'])
  })
})

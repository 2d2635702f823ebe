/** scripts/deploy where something comes in between: it undoes itself whoever has gone meanwhile, it ends what is in service, and a tag keeps its image. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { heldAt } from './held-deployment.ts'
import { preparedPlace, standInDocker } from './operator-scripts.ts'

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

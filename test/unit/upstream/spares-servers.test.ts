import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxSettings } from '../../../src/shared/settings/sandbox.ts'
import type { Isolation, ServerSettings } from '../../../src/shared/settings/server.ts'
import { whyNoSpares } from '../../../src/upstream/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { ask, conformance, installed } from './opening-parts.ts'
import { warm } from './spares-parts.ts'
import { runs } from './upstream-parts.ts'

suite('which entries may have spares', () => {
  const pool = { warm: 1, max: 9, maxPerTenant: 9, idleMs: 1 }
  const sandbox: SandboxSettings = { level: 'none', network: 'none', pids: 9, readOnly: [], writable: [] }
  const late: SandboxSettings = { ...sandbox, mountLate: true }
  const rows: ReadonlyArray<readonly [Partial<ServerSettings>, RegExp | undefined]> = [
    [{}, undefined],
    ...(['tenant', 'user', 'session', 'call'] as Isolation[]).map((isolation) => [{ isolation }, undefined] as const),
    [{ isolation: 'shared' }, /one worker/],
    [{ pool: { ...pool, warm: 0 } }, /pool\.warm/],
    [{ transport: 'http', url: 'http://x.test' }, /network/],
    [{ args: ['a', '/data/{tenant}/{user}'] }, /^args\[1\] holds \{user\}/],
    [{ env: { FILE: '/data/{tenant}.json' } }, /^env\.FILE holds \{tenant\}/],
    [{ cwd: '/data/{user}' }, /^cwd holds/],
    [{ sandbox: { ...sandbox, readOnly: ['/data/{user}'] } }, /^sandbox\.readOnly holds/],
    [{ sandbox: { ...sandbox, writable: ['/data/{user}'] } }, /^sandbox\.writable holds/],
    [{ sandbox: late, args: ['--dir=/data/{tenant}/{user}', '/x/{user}/sub'], env: { FILE: '/data/{user}/memory.json' } }, undefined],
    [{ sandbox: { ...late, writable: ['/data/{user}'] } }, undefined],
    [{ sandbox: { ...late, readOnly: ['/data/{user}'] } }, /mountLate does not help: what is mounted later is writable/],
    [{ sandbox: late, cwd: '/data/{user}' }, /mountLate does not help: .* cwd/],
    [{ sandbox: late, env: { FILE: '/data/{user}.json' } }, /env\.FILE names a file/],
    [{ sandbox: late, args: ['{user}'] }, /args\[0\] holds a template outside/],
    [{ sandbox: late, args: ['--{user}=/data/{user}'] }, /outside of an absolute path/],
    [{ sandbox: late, env: { WHO: 'https://x.test/{user}' } }, /outside of an absolute path/],
    [{ sandbox: late, args: ['/data/{tenant}', '/data/{tenant}/{user}'] }, /inside another/],
    [{ sandbox: late, command: 'docker', args: ['run', '-v', '/data/{user}:/data', 'image'] }, /a container/]
  ]
  for (const [own, why] of rows) {
    test(`${JSON.stringify(own)}: ${String(why)}`, () => {
      const told = whyNoSpares(serverSettings({ pool, ...own }))
      if (why === undefined) assert.equal(told, undefined)
      else assert.match(told ?? 'yes', why)
    })
  }

  test('one with a template has none started, and says why', async (t) => {
    const { started, spares, of } = await warm(t, runs('echo.mjs', '/tmp/{user}'))
    assert.match(spares().reason ?? '', /args\[1\]/)
    await of('alice').ready()
    assert.equal(started(), 1)
  })
})

suite('servers of either era', () => {
  const rows: ReadonlyArray<readonly [string, Partial<ServerSettings>]> = [
    ['legacy', runs('echo.mjs')],
    ['modern, pinned', { ...runs('modern-echo.mjs'), era: 'modern' }],
    ['modern, not known yet', runs('modern-echo.mjs')],
    ['SDK v2 of both eras', conformance('dual')],
    ['SDK v2, modern only', conformance('modern')],
    ['server-everything', installed('server-everything')],
    ['server-memory', installed('server-memory')]
  ]
  for (const [name, entry] of rows) {
    for (const era of ['legacy', 'modern'] as const) {
      test(`${name}, ${era} client`, async (t) => {
        const { of, ready, told } = await warm(t, entry)
        for (const user of ['alice', 'bob']) {
          await ready(1)
          const tools = await ask(await of(user, { era }).ready(), 'tools/list')
          assert.ok(Array.isArray((tools.result as { tools?: unknown }).tools), JSON.stringify(tools))
        }
        assert.deepEqual(told.filter((line) => line.startsWith('opened')), ['opened warm', 'opened warm'])
      })
    }
  }
})

suite('a server that cannot have spares serves without', () => {
  const rows: ReadonlyArray<readonly [string, Partial<ServerSettings>, string]> = [
    ['says something before its answer', runs('speaks-unasked.mjs', 'before'), 'writes to stdout before it is greeted'],
    ['says something after its answer', runs('speaks-unasked.mjs', 'after'), 'writes to stdout before it is greeted'],
    ['writes noise', runs('speaks-unasked.mjs', 'noise'), 'writes to stdout before it is greeted'],
    ['exits on ping', runs('exits-on-probe.mjs'), 'ends on ping before it is greeted'],
    ['is silent on ping', { ...runs('silent-on-probe.mjs'), startTimeoutMs: 2000 }, 'does not answer ping before it is greeted']
  ]
  for (const [what, entry, why] of rows) {
    test(`${what}: told once, and nobody is given what it started`, async (t) => {
      const { of, ready, tells, told, spares } = await warm(t, { ...entry, era: 'legacy' })
      await tells(why)
      await ready(0)
      assert.match(spares().reason ?? '', new RegExp(why))
      await of('alice').ready()
      assert.equal(told.at(-1), 'opened')
      assert.equal(told.filter((line) => line.startsWith('no spares')).length, 1)
    })
  }

  test('one that ends when a spare of it is greeted costs the caller a start, not an error', async (t) => {
    const { of, ready, told } = await warm(t, { ...runs('exits-after-ping.mjs'), era: 'legacy' })
    await ready(1)
    await of('alice').ready()
    assert.deepEqual(told.slice(0, 2), ['spare', 'opened'])
  })

  test('one that is not there is tried with pauses, and told of once', async (t) => {
    const { tells, told } = await warm(t, { command: '/nowhere/at/all' })
    await tells('ENOENT')
    assert.deepEqual(told.filter((line) => line === 'spare'), [])
  })
})

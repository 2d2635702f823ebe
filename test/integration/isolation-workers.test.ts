/** Who shares a worker with whom, and that nothing of one user is found by another (T19, T41, rulings 1). */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { missing, officialServer } from '../helpers/programs.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

interface WhoAmI { readonly pid: number, readonly cwd: string, readonly argv: string[], readonly env: Record<string, string>, readonly capabilities: Record<string, unknown> }

const users = [
  { tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'globex', user: 'carol' }
]

describe('workers', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users,
      env: { GATEWAY_SECRET: 'only-for-the-gateway', REFERENCED: 'named-by-the-entry' },
      config: {
        mcpServers: {
          shared: probe({ isolation: 'shared' }),
          tenant: probe({ isolation: 'tenant' }),
          user: probe(),
          session: probe({ isolation: 'session' }),
          call: probe({ isolation: 'call' }),
          fixed: probe({ capabilities: { fixed: {} } }),
          // eslint-disable-next-line no-template-curly-in-string -- expanded by the gateway
          templated: probe({ args: ['--data', './data/{tenant}/{user}'], env: { OWNER: '{tenant}/{user}', TOKEN: '${REFERENCED}' } })
        },
        limits: roomyLimits
      }
    })
  })
  after(() => gateway.stop())

  const opened = async (user: string, server: string, capabilities: Record<string, unknown> = {}): Promise<LegacyWire> => {
    const wire = gateway.wire(user, server)
    await wire.open({ capabilities })
    return wire
  }
  const whoami = async (wire: LegacyWire): Promise<WhoAmI> => JSON.parse(textOf(await wire.call('whoami'))) as WhoAmI
  /** pids for: alice twice in two sessions, bob, carol. */
  const pidsOf = async (server: string): Promise<{ alice: number, aliceAgain: number, bob: number, carol: number }> => {
    const [alice, aliceAgain, bob, carol] = await Promise.all(['alice', 'alice', 'bob', 'carol'].map(async (user) => (await whoami(await opened(user, server))).pid))
    return { alice: alice ?? 0, aliceAgain: aliceAgain ?? 0, bob: bob ?? 0, carol: carol ?? 0 }
  }

  describe('isolation levels', () => {
    it('shared: one worker for everybody', async () => {
      const pids = await pidsOf('shared')
      assert.equal(new Set(Object.values(pids)).size, 1)
    })

    it('tenant: one for each tenant', async () => {
      const { alice, aliceAgain, bob, carol } = await pidsOf('tenant')
      assert.equal(alice, aliceAgain)
      assert.equal(alice, bob)
      assert.notEqual(alice, carol)
    })

    it('user, the default: one for each user, over all sessions', async () => {
      const { alice, aliceAgain, bob, carol } = await pidsOf('user')
      assert.equal(alice, aliceAgain)
      assert.equal(new Set([alice, bob, carol]).size, 3)
    })

    it('session: one for each session, the same within it', async () => {
      const pids = await pidsOf('session')
      assert.equal(new Set(Object.values(pids)).size, 4)
      const wire = await opened('alice', 'session')
      assert.equal((await whoami(wire)).pid, (await whoami(wire)).pid)
    })

    it('session: its worker ends with it', async () => {
      const wire = await opened('alice', 'session')
      const { pid } = await whoami(wire)
      await wire.end()
      await until('the worker is gone', () => gateway.workers().every((worker) => worker.pid !== pid))
    })

    it('call: a new one for each call, gone afterwards', async () => {
      const wire = await opened('alice', 'call')
      const pids = [(await whoami(wire)).pid, (await whoami(wire)).pid, (await whoami(wire)).pid]
      assert.equal(new Set(pids).size, 3)
      await until('they are gone', () => gateway.workers().every((worker) => !pids.includes(worker.pid)))
    })
  })

  describe('capabilities', () => {
    it('clients with other capabilities get a worker of their own, those with the same share it', async () => {
      const [plain, plainAgain, sampling, rich] = await Promise.all([{}, { experimental: { x: {} } }, { sampling: {} }, { sampling: {}, elicitation: { form: {} } }].map(async (capabilities) => await whoami(await opened('alice', 'user', capabilities))))
      assert.equal(plain?.pid, plainAgain?.pid)
      assert.equal(new Set([plain?.pid, sampling?.pid, rich?.pid]).size, 3)
      assert.deepEqual(Object.keys(sampling?.capabilities ?? {}), ['sampling'])
    })

    it('fixed: one worker for each user whatever clients declare', async () => {
      const pids = await Promise.all([{}, { sampling: {} }].map(async (capabilities) => (await whoami(await opened('alice', 'fixed', capabilities))).pid))
      assert.equal(new Set(pids).size, 1)
    })

    it('shared and tenant workers are told of no sampling, elicitation or roots', async () => {
      for (const server of ['shared', 'tenant']) {
        const { capabilities } = await whoami(await opened('bob', server, { sampling: {}, elicitation: {}, roots: { listChanged: true } }))
        for (const name of ['sampling', 'elicitation', 'roots']) assert.equal(capabilities[name], undefined, `${server} ${name}`)
      }
    })
  })

  describe('state (T19)', () => {
    it('what one user stored, no other user finds', async () => {
      const [alice, bob, carol] = await Promise.all([opened('alice', 'user'), opened('bob', 'user'), opened('carol', 'user')])
      await alice.call('put', { value: 'CANARY-ALICE' })
      for (const wire of [bob, carol]) assert.equal((JSON.parse(textOf(await wire.call('get'))) as { value: unknown }).value, null)
      assert.match(textOf(await alice.call('get')), /CANARY-ALICE/)
    })

    it('working directory, home and temporary directory are private', async () => {
      const [alice, bob] = await Promise.all([opened('alice', 'user'), opened('bob', 'user')])
      const [a, b] = [await whoami(alice), await whoami(bob)]
      assert.notEqual(a.cwd, b.cwd)
      for (const name of ['HOME', 'TMPDIR']) {
        assert.ok(a.env[name])
        assert.notEqual(a.env[name], b.env[name], name)
      }
    })
  })

  describe('environment (T41)', () => {
    it("holds nothing of the gateway's own, only the allow-list and what the entry names", async () => {
      const { env } = await whoami(await opened('alice', 'user'))
      const known = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'DRAWBRIDGE_WORKER', 'DRAWBRIDGE_TEST_RUN']
      assert.deepEqual(Object.keys(env).filter((name) => !known.includes(name) && name !== '__CF_USER_TEXT_ENCODING'), [])
      assert.doesNotMatch(JSON.stringify(env), /only-for-the-gateway|named-by-the-entry/)
    })

    it('templates are filled from the verified identity, variables from the environment of the gateway', async () => {
      const [alice, carol] = [await whoami(await opened('alice', 'templated')), await whoami(await opened('carol', 'templated'))]
      assert.match(alice.argv.join(' '), /--data .*acme\/alice/)
      assert.match(carol.argv.join(' '), /--data .*globex\/carol/)
      assert.equal(alice.env['TOKEN'], 'named-by-the-entry')
      assert.equal(alice.env['OWNER'], 'acme/alice')
    })
  })
})

describe('hostile names (T43, T45)', () => {
  it('a user name cannot leave its folder, start a command or meet another user; args are never read by a shell', async (t) => {
    const names = ['../../../../etc', '/etc/passwd', '$(touch pwned)', '; touch pwned', '`touch pwned`', '-rf', '..', 'Alice', 'alice', 'alice ', 'ALICE', 'a/b', 'a', '{tenant}', 'x'.repeat(200), 'ünïcode']
    const literal = ['$(touch pwned)', '`touch pwned`', '; touch pwned', '&& touch pwned', '*', '~', '$HOME']
    const gateway = await startGateway({
      users: names.map((user) => ({ tenant: 'acme', user })),
      config: { mcpServers: { probe: probe({ args: ['./data/{tenant}/{user}', ...literal] }) }, limits: roomyLimits }
    })
    t.after(() => gateway.stop())
    const folders = await Promise.all(names.map(async (user) => {
      const wire = gateway.wire(user, 'probe')
      await wire.open()
      const { argv } = JSON.parse(textOf(await wire.call('whoami'))) as WhoAmI
      assert.deepEqual(argv.slice(1), literal)
      const [folder = ''] = argv
      assert.equal(dirname(folder), join(gateway.dir, 'data', 'acme'), user)
      assert.match(basename(folder), /^[a-z0-9][a-z0-9._-]*$/)
      return folder
    }))
    assert.equal(new Set(folders.map((folder) => folder.toLowerCase())).size, names.length, 'a folder each, on file systems without case too')
    assert.deepEqual((await readdir(gateway.dir, { recursive: true })).filter((path) => path.includes('pwned') && !path.includes('touch')), [])
  })
})

describe('roots', { skip: missing('clients') }, () => {
  it('a client root of file:/// still leaves filesystem with the folder of the user only', async (t) => {
    const gateway = await startGateway({ users, config: { mcpServers: { files: officialServer('filesystem', ['./data/{tenant}/{user}']) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wire = gateway.wire('alice', 'files')
    await wire.open({ capabilities: { roots: { listChanged: true } } })
    const stream = await wire.listen()
    const everything = { roots: [{ uri: 'file:///', name: 'everything' }, { uri: 'file:///etc', name: 'etc' }] }
    const answered = new Set<unknown>()
    for (let round = 0; round < 2; round++) {
      if (round > 0) await wire.tell({ method: 'notifications/roots/list_changed' })
      const question = await stream.next('roots/list', (message) => message.method === 'roots/list' && !answered.has(message.id))
      answered.add(question.id)
      await wire.tell({ id: question.id ?? null, result: everything })
      // The server takes the answer in after it came; nothing tells when, so it is asked several times.
      for (let look = 0; look < 10; look++) {
        const allowed = textOf(await wire.call('list_allowed_directories')).split('\n').filter((line) => line.startsWith('/'))
        assert.equal(allowed.length, 1)
        assert.match(allowed[0] ?? '', /data\/acme\/alice$/)
      }
    }
    const passwd = await wire.call('read_text_file', { path: '/etc/passwd' })
    assert.equal(passwd.result?.['isError'], true)
    stream.cut()
  })

  it('a root inside the folder narrows it', async (t) => {
    const gateway = await startGateway({ users, config: { mcpServers: { files: officialServer('filesystem', ['./data/{tenant}/{user}']) }, limits: roomyLimits } })
    t.after(() => gateway.stop())
    const wide = gateway.wire('alice', 'files')
    await wide.open()
    const folder = textOf(await wide.call('list_allowed_directories')).split('\n').find((line) => line.startsWith('/')) ?? ''
    await wide.call('create_directory', { path: `${folder}/project` })
    const narrow = gateway.wire('alice', 'files')
    await narrow.open({ capabilities: { roots: { listChanged: true } } })
    const stream = await narrow.listen()
    const question = await stream.next('roots/list', (message) => message.method === 'roots/list')
    await narrow.tell({ id: question.id ?? null, result: { roots: [{ uri: `file://${folder}/project` }, { uri: 'file:///etc' }] } })
    await until('the narrowed list', async () => textOf(await narrow.call('list_allowed_directories')).split('\n').some((line) => line === `${folder}/project`))
    assert.doesNotMatch(textOf(await narrow.call('list_allowed_directories')), /etc/)
    stream.cut()
  })
})

/** What a contained worker sees, reaches and has: only its own (T41, T42, T43). */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { inmate, inside, refusedInside } from '../helpers/inmate.ts'
import type { LegacyWire } from '../helpers/legacy-wire.ts'
import { runners, type Runner } from '../helpers/runners.ts'
import { roomyLimits } from '../helpers/server-entries.ts'

const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }]
const ENVIRONMENT = ['DRAWBRIDGE_TEST_RUN', 'DRAWBRIDGE_WORKER', 'HOME', 'LANG', 'LC_ALL', 'OWN', 'PATH', 'PWD', 'TMPDIR', 'TZ']

for (const { name, make } of runners()) {
  describe(`a worker in namespaces, under ${name}`, () => {
    let runner: Runner
    let gateway: TestGateway
    let alice: LegacyWire
    let bob: LegacyWire
    const endings: Array<() => unknown> = []
    const canary = join(tmpdir(), `drawbridge-test-canary-${process.pid}`)

    before(async () => {
      runner = make()
      writeFileSync(canary, 'CANARY', { mode: 0o644 })
      endings.push(() => rmSync(canary, { force: true }))
      gateway = await startGateway({
        users,
        runner,
        env: { GATEWAY_SECRET: 'only-for-the-gateway' },
        config: {
          mcpServers: {
            own: inmate({ level: 'namespace', network: 'none' }, { args: ['./data/{tenant}/{user}'], env: { OWN: 'own' } }),
            lister: { command: '/bin/sh', args: ['-c', 'ls /proc/self/fd > "$0/descriptors"', './data/{tenant}/{user}'], sandbox: { level: 'namespace', network: 'none' } },
            all: inmate({ level: 'namespace', network: 'none', readOnly: ['./shared'], writable: ['./notes'] })
          },
          limits: roomyLimits
        }
      })
      for (const [directory, text] of [['shared', 'SHARED'], ['notes', 'NOTES']] as const) mkdirIn(gateway.dir, directory, text, runner.uid)
      alice = gateway.wire('alice', 'own')
      bob = gateway.wire('bob', 'own')
      await Promise.all([alice.open(), bob.open()])
    })
    after(async () => {
      await gateway?.stop()
      for (const end of endings) await end()
    })

    const dataOf = (user: string): string => join(gateway.dir, 'data', 'acme', user)

    it('lists no process but its own, and reads no environment but its own', async () => {
      const seen = await inside(alice, 'return fs.readdirSync(\'/proc\').filter((name) => /^\\d+$/.test(name)).map((pid) => { try { return fs.readFileSync(\'/proc/\' + pid + \'/environ\', \'utf8\') } catch (error) { return error.code === \'EACCES\' ? \'\' : String(error) } })') as string[]
      assert.ok(seen.length >= 1 && seen.length <= 3, String(seen.length))
      for (const environment of seen) assert.ok(environment === '' || environment.includes('OWN=own'), environment)
      assert.ok(!seen.join('').includes('only-for-the-gateway'))
    })

    it('has the environment of the list, and its three pipes', async () => {
      const names = await inside(alice, 'return Object.keys(process.env)') as string[]
      assert.deepEqual(names.filter((name) => !ENVIRONMENT.includes(name)), [])
      // No MCP server: Node opens descriptors of its own, so a shell writes down what it finds. `ls` adds one, the directory.
      await assert.rejects(gateway.wire('alice', 'lister').open(), /50201/)
      const found = readFileSync(join(dataOf('alice'), 'descriptors'), 'utf8').split('\n').filter(Boolean)
      assert.deepEqual(found, ['0', '1', '2', '3'])
    })

    it('runs as a user without rights, under a filter of system calls', async () => {
      const status = await inside(alice, 'return fs.readFileSync(\'/proc/self/status\', \'utf8\')') as string
      const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])
      assert.equal(uid, runner.uid === 0 ? 65_533 : runner.uid)
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'))
      assert.match(status, /^NoNewPrivs:\s+1$/m)
      assert.match(status, /^Seccomp:\s+2$/m)
      assert.deepEqual(await inside(alice, 'const os = await load(\'node:os\'); return [os.userInfo().username, os.hostname()]'), ['worker', 'worker'])
    })

    it('finds nothing of the host: configuration, state of others, secrets, accounts, other people\'s files', async () => {
      await inside(bob, `fs.writeFileSync(${JSON.stringify(join(dataOf('bob'), 'secret'))}, 'BOB')`)
      assert.ok(existsSync(join(dataOf('bob'), 'secret')), 'it is there, for whoever may see it')
      for (const path of [join(gateway.dir, 'gateway.json'), join(dataOf('bob'), 'secret'), canary, '/etc/shadow', '/root/.bashrc', '/run/secrets/x', '/sys/kernel', '/var/log']) {
        await refusedInside(alice, `return fs.statSync(${JSON.stringify(path)})`, 'ENOENT')
      }
      const workers = await inside(alice, `return fs.readdirSync(${JSON.stringify(join(gateway.dir, '.drawbridge', 'workers'))})`) as string[]
      assert.equal(workers.length, 1, 'its own private directory')
      assert.deepEqual(await inside(alice, 'return fs.readdirSync(\'/run\').concat(fs.readdirSync(\'/home\'), fs.readdirSync(\'/root\'))'), [])
      assert.deepEqual(await inside(alice, `return fs.readdirSync(${JSON.stringify(join(gateway.dir, 'data', 'acme'))})`), ['alice'])
      const passwd = await inside(alice, 'return fs.readFileSync(\'/etc/passwd\', \'utf8\').split(\'\\n\').length')
      assert.equal(passwd, 3)
    })

    it('writes to its data, its home and TMPDIR, and nowhere else', async () => {
      for (const directory of [dataOf('alice'), '$HOME', '$TMPDIR', '/tmp', '/dev/shm']) {
        const path = directory.startsWith('$') ? `process.env.${directory.slice(1)}` : JSON.stringify(directory)
        assert.equal(await inside(alice, `fs.writeFileSync(${path} + '/x', 'x'); return fs.readFileSync(${path} + '/x', 'utf8')`), 'x', directory)
      }
      assert.ok(existsSync(join(dataOf('alice'), 'x')))
      for (const path of ['/x', '/etc/x', '/usr/x', '/usr/bin/env', join(runner.project, 'x'), join(runner.project, 'package.json'), join(runner.project, 'node_modules', 'x')]) {
        await refusedInside(alice, `fs.writeFileSync(${JSON.stringify(path)}, 'x')`, 'EROFS', 'EACCES')
      }
    })

    it('follows a link out of its data to nowhere', async () => {
      await inside(alice, `fs.symlinkSync('/etc/shadow', ${JSON.stringify(join(dataOf('alice'), 'shadow'))}); fs.symlinkSync(${JSON.stringify(dataOf('bob'))}, ${JSON.stringify(join(dataOf('alice'), 'bob'))})`)
      for (const link of ['shadow', 'bob/secret']) await refusedInside(alice, `return fs.readFileSync(${JSON.stringify(join(dataOf('alice'), link))})`, 'ENOENT')
    })

    it('sandbox.readOnly is read-only, sandbox.writable writable', async () => {
      const wire = gateway.wire('alice', 'all')
      await wire.open()
      const [shared, notes] = [join(gateway.dir, 'shared'), join(gateway.dir, 'notes')]
      assert.equal(await inside(wire, `return fs.readFileSync(${JSON.stringify(`${shared}/file`)}, 'utf8')`), 'SHARED')
      await refusedInside(wire, `fs.writeFileSync(${JSON.stringify(`${shared}/x`)}, 'x')`, 'EROFS')
      assert.equal(await inside(wire, `fs.writeFileSync(${JSON.stringify(`${notes}/x`)}, 'x'); return fs.readFileSync(${JSON.stringify(`${notes}/file`)}, 'utf8')`), 'NOTES')
    })

    it('reaches no listener of the host with network none', async (t) => {
      let hits = 0
      const listener = createServer((socket) => { hits += 1; socket.destroy() }).listen(0, '127.0.0.1')
      t.after(() => listener.close())
      await new Promise((resolve) => { listener.once('listening', resolve) })
      for (const port of [(listener.address() as AddressInfo).port, Number(new URL(gateway.url).port)]) {
        const dial = `const net = await load('node:net'); return await new Promise((resolve) => net.connect(${port}, '127.0.0.1').on('connect', () => resolve('connected')).on('error', (error) => resolve(error.code)))`
        assert.equal(await inside(alice, dial), 'ECONNREFUSED')
      }
      assert.equal(hits, 0)
    })
  })
}

/** A directory of the operator's, open to the worker's user. */
function mkdirIn (dir: string, name: string, text: string, uid: number): void {
  const path = join(dir, name)
  mkdirSync(path)
  writeFileSync(join(path, 'file'), text)
  if (process.getuid?.() === 0) {
    chmodSync(path, 0o755)
    const owner = uid === 0 ? 65_533 : uid
    for (const each of [path, join(path, 'file')]) chownSync(each, owner, owner)
  }
}

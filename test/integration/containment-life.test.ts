/** How contained workers end: in order when asked, and with everything they started whatever happens (T44). */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { inmate, inside } from '../helpers/inmate.ts'
import type { LegacyWire } from '../helpers/legacy-wire.ts'
import { processesWithEnv, type ProcessEntry } from '../helpers/processes.ts'
import { runners, type Runner } from '../helpers/runners.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

/** Leaves its group and its session, forgets its environment but for the mark, and sleeps for longer than the test. */
const DAEMON = (mark: string): string => `
  const { spawn } = await load('node:child_process')
  const child = spawn('/bin/sh', ['-c', 'setsid sleep 600 & exec true'], { detached: true, stdio: 'ignore', env: { MARK: ${JSON.stringify(mark)} } })
  await new Promise((resolve) => child.on('exit', resolve))
  return child.pid`

for (const { name, make } of runners()) {
  describe(`the end of workers in namespaces, under ${name}`, () => {
    const opened = async (t: TestContext, entry: Record<string, unknown> = {}): Promise<{ gateway: TestGateway, wire: LegacyWire, runner: Runner, mark: string }> => {
      const runner = make()
      const gateway = await startGateway({ runner, config: { mcpServers: { own: inmate({ level: 'namespace', network: 'none' }, { isolation: 'session', args: ['./data/{tenant}/{user}'], ...entry }) }, limits: roomyLimits } })
      t.after(() => gateway.stop())
      const wire = gateway.wire('alice', 'own')
      await wire.open()
      return { gateway, wire, runner, mark: `${process.pid}-${Math.random()}` }
    }
    const marked = (mark: string): number => processesWithEnv('MARK', mark).length
    const groups = (): string[] => existsSync('/sys/fs/cgroup/pids') ? readdirSync('/sys/fs/cgroup/pids').filter((directory) => directory.startsWith('drawbridge-')) : []

    it('a daemon that left its group and its environment ends with its worker', async (t) => {
      const { gateway, wire, mark } = await opened(t)
      await inside(wire, DAEMON(mark))
      await until('the daemon runs', () => marked(mark) === 1)
      await wire.end()
      await until('the daemon is gone', () => marked(mark) === 0)
      await until('the worker is gone', () => gateway.workers().length === 0)
    })

    it('it ends with a worker that crashes, too', async (t) => {
      const { wire, mark } = await opened(t)
      await inside(wire, DAEMON(mark))
      await until('the daemon runs', () => marked(mark) === 1)
      const lost = await wire.call('run', { code: 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {})' })
      assert.equal(lost.error?.code, 50_201)
      await until('the daemon is gone', () => marked(mark) === 0)
    })

    it('it ends with a gateway that is killed, and so does everything else', async (t) => {
      const { gateway, wire, mark } = await opened(t)
      await inside(wire, DAEMON(mark))
      await until('the daemon runs', () => marked(mark) === 1)
      gateway.kill('SIGKILL')
      await until('the end of all', () => marked(mark) === 0 && gateway.workers().length === 0, 8000)
    })

    it('so it does when the process that looks after workers is killed with it', async (t) => {
      const { gateway, wire, mark } = await opened(t)
      await inside(wire, 'process.exit = () => {}; setInterval(() => {}, 1000)')
      await inside(wire, DAEMON(mark))
      await until('the daemon runs', () => marked(mark) === 1)
      const supervisor = gateway.children().find((child) => commandLineOf(child).includes('supervisor.sh'))
      assert.ok(supervisor !== undefined)
      process.kill(supervisor.pid, 'SIGKILL')
      gateway.kill('SIGKILL')
      await until('the end of all', () => marked(mark) === 0 && gateway.workers().length === 0, 8000)
    })

    it('a server that reads on after its input has ended is given TERM, and time for what it does then', async (t) => {
      const { gateway, wire } = await opened(t)
      const note = join(gateway.dir, 'data', 'acme', 'alice', 'note')
      await inside(wire, `
        process.exit = () => {}
        setInterval(() => {}, 1000)
        process.on('SIGTERM', () => setTimeout(() => { fs.writeFileSync(${JSON.stringify(note)}, 'in order'); process.reallyExit(0) }, 100))`)
      await wire.end()
      await until('the note', () => existsSync(note) && readFileSync(note, 'utf8') === 'in order')
      await until('the worker is gone', () => gateway.workers().length === 0)
    })

    it('nothing of the private directories is left, nor of its control groups', async (t) => {
      const before = groups()
      const { gateway, wire } = await opened(t)
      const [home, tmp] = await inside(wire, 'return [process.env.HOME, process.env.TMPDIR]') as [string, string]
      assert.ok(existsSync(home) && existsSync(tmp))
      await wire.end()
      await until('they are gone', () => !existsSync(home) && !existsSync(tmp))
      assert.equal(await gateway.stop(), 0)
      assert.deepEqual(groups().filter((group) => !before.includes(group) && isOf(group, gateway.pid)), [])
    })
  })
}

/** Groups are named by the gateway's pid namespace and process id; what follows may be any number. */
function isOf (group: string, pid: number): boolean {
  return group.split('-')[2] === String(pid)
}

/** Empty when it has gone. */
function commandLineOf ({ pid }: ProcessEntry): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

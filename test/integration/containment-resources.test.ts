/** What a contained worker can use up: its own share, and then itself (T40, FR05). */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { probeResources } from '../../src/sandbox/resources/index.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { inmate, inside } from '../helpers/inmate.ts'
import { metricOf } from '../helpers/metrics.ts'
import { runners, type Runner } from '../helpers/runners.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'

const PIDS = 60
/** Bounded: at most 200 children, ended after the count. @returns how many there could be */
const FORK_BOMB = `
  const { spawn } = await load('node:child_process')
  const children = []
  for (let at = 0; at < 200; at++) children.push(spawn('/bin/sleep', ['60'], { stdio: 'ignore' }).on('error', () => {}))
  const started = children.filter((child) => child.pid !== undefined)
  for (const child of started) child.kill('SIGKILL')
  return started.length`
const ALLOCATE = 'const held = []; for (let at = 0; at < 600; at++) held.push(Buffer.alloc(1 << 20, 1)); return held.length'
const groups = await probeResources()

for (const { name, make } of runners()) {
  // As an ordinary user there are groups only where somebody delegated some.
  const hasGroups = groups.kind !== 'prlimit' && name === 'root'

  describe(`a worker that uses up too much, under ${name}`, () => {
    let gateway: TestGateway
    let runner: Runner

    before(async () => {
      runner = make()
      gateway = await startGateway({
        users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }],
        runner,
        config: {
          mcpServers: {
            bomb: inmate({ level: 'namespace', network: 'none', pids: PIDS }),
            hog: inmate({ level: 'namespace', network: 'none', pids: PIDS, memoryMb: 160 }),
            calm: inmate({ level: 'namespace', network: 'none' })
          },
          limits: roomyLimits
        }
      })
    })
    after(() => gateway?.stop())

    const told = (server: string): unknown[] => gateway.logs().filter((line) => line['event'] === 'worker_limit' && line['server'] === server).map((line) => line['limit'])

    it('a fork bomb has its number of processes, and others go on', async () => {
      const [bomb, calm] = [gateway.wire('alice', 'bomb'), gateway.wire('bob', 'calm')]
      await Promise.all([bomb.open(), calm.open()])
      const [started, count] = await Promise.all([inside(bomb, FORK_BOMB), inside(calm, FORK_BOMB.replace('200', '20'))])
      assert.ok(typeof started === 'number' && started > 10 && started < PIDS, `${String(started)} processes`)
      assert.equal(count, 20)
    })

    it('where all share one limit of memory, the kernel ends workers before the gateway', async () => {
      const calm = gateway.wire('bob', 'calm')
      await calm.open()
      const mark = Number(await inside(calm, 'return fs.readFileSync("/proc/self/oom_score_adj", "utf8")'))
      const own = Number(readFileSync(`/proc/${gateway.pid}/oom_score_adj`, 'utf8'))
      assert.ok(mark >= own + 500, `the worker is marked ${mark}, the gateway ${own}`)
    })

    if (!hasGroups) return

    it('memory beyond its own ends that worker, which is told; the one of another user goes on', async () => {
      const [alice, bob] = [gateway.wire('alice', 'hog'), gateway.wire('bob', 'hog')]
      await Promise.all([alice.open(), bob.open()])
      const before = await inside(bob, 'globalThis.mine = 1; return process.pid')
      const lost = await alice.call('run', { code: ALLOCATE })
      assert.equal(lost.error?.code, 50201)
      await until('the limit is told', () => told('hog').includes('memory'))
      assert.deepEqual(await inside(bob, 'return [globalThis.mine, process.pid]'), [1, before])
      assert.equal(typeof await inside(alice, 'return process.pid'), 'number')
      assert.equal(await metricOf(gateway, 'worker_limit_exceeded_total', { server: 'hog', limit: 'memory' }), 1)
    })

    it('when the gateway has stopped, no group is left', async () => {
      assert.notDeepEqual(groupsOf(gateway.pid), [])
      await gateway.stop()
      assert.deepEqual(groupsOf(gateway.pid), [])
    })
  })
}

function groupsOf (pid: number): string[] {
  return groups.parents.flatMap(({ directory }) => readdirSync(directory).filter((name) => new RegExp(`^drawbridge-\\d+-${pid}-`).test(name)))
}

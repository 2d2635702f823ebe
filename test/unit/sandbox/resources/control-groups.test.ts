import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { probeResources } from '../../../../src/sandbox/resources/index.ts'
import { until } from '../../../helpers/until.ts'
import { cpuSecondsOf, resourcesOf, startBounded } from './bounded.ts'

const support = await probeResources()
const ALLOCATE = 'const held = []; for (let at = 0; at < Number(process.argv[1]); at++) held.push(Buffer.alloc(1 << 20, 1)); console.log("allocated"); setTimeout(() => {}, 60000)'
/** Bounded: at most 300 children that live until they are killed. */
const FORK_BOMB = 'at=0; while [ $at -lt 300 ]; do sleep 60 2>/dev/null & at=$((at+1)); done; echo survived; wait'

// Where no control groups can be made there is nothing to try; the rest is in process-limits.test.ts.
describe('a worker in control groups (T40, FR05)', () => {
  if (support.kind === 'prlimit') {
    it('says why there are none', () => assert.match(support.sentence, /control group|no control groups/))
    return
  }

  it('becomes the command: no process in between, every word as it was, and no more descriptors', async (test) => {
    const { resources } = await resourcesOf(test)
    const words = ['$(touch /tmp/never)', '`id`', '; exit', '*', '-n', '', 'a b']
    const worker = await startBounded(test, resources, { pids: 20 }, [process.execPath, '-e', 'console.log(JSON.stringify([process.pid, process.argv.slice(1), process.ppid]))', '--', ...words])
    assert.equal(await worker.exited, 0)
    assert.deepEqual(JSON.parse(worker.stdout()), [worker.child.pid, words, process.pid])
  })

  it('a fork bomb stays within its processes, others go on, and nothing is left', async (test) => {
    const { resources, told } = await resourcesOf(test)
    const bomb = await startBounded(test, resources, { pids: 24 }, ['/bin/sh', '-c', `${FORK_BOMB} 2>/dev/null; sleep 60`], 'bomb')
    await until('the bomb was refused a process', () => /^max [1-9]/m.test(readFileSync(join(groupOf(bomb.groups, 'pids'), 'pids.events'), 'utf8')))
    assert.ok(bomb.pids().length <= 24, `${bomb.pids().length} processes`)
    const other = await startBounded(test, resources, { pids: 24 }, ['/bin/sh', '-c', '/bin/true & wait; /bin/echo fine'])
    assert.equal(await other.exited, 0)
    assert.equal(other.stdout(), 'fine\n')
    const all = bomb.pids()
    await bomb.grip.release()
    assert.deepEqual([all.filter(isRunning), bomb.groups.filter((group) => existsSync(group)), told], [[], [], ['bomb pids']])
  })

  it('more memory than its own ends the worker alone, and the reason is told', async (test) => {
    const { resources, told } = await resourcesOf(test)
    const neighbour = await startBounded(test, resources, { memoryMb: 256, pids: 40 }, [process.execPath, '-e', ALLOCATE, '16'], 'neighbour')
    const hog = await startBounded(test, resources, { memoryMb: 128, pids: 40 }, [process.execPath, '-e', ALLOCATE, '400'], 'hog')
    assert.equal(await hog.exited, 'SIGKILL')
    assert.equal(hog.stdout(), '')
    await hog.grip.release()
    assert.deepEqual(told, ['hog memory'])
    await until('the neighbour has its memory', () => neighbour.stdout() === 'allocated\n')
    assert.ok(isRunning(neighbour.child.pid))
    await neighbour.grip.release()
    assert.deepEqual([await neighbour.exited, told], ['SIGKILL', ['hog memory']])
  })

  it('a child of the worker that takes all the memory ends the whole worker', async (test) => {
    const { resources, told } = await resourcesOf(test)
    // The shell would go on for ever: only the group's end ends it.
    const script = '"$0" -e "$1" 400; while :; do sleep 0.1; done'
    const worker = await startBounded(test, resources, { memoryMb: 128, pids: 40 }, ['/bin/sh', '-c', script, process.execPath, ALLOCATE], 'parent')
    assert.equal(await worker.exited, 'SIGKILL')
    await until('it is told', () => told.length > 0)
    await worker.grip.release()
    assert.deepEqual(told, ['parent memory'])
  })

  it('half a CPU is half a CPU', async (test) => {
    const { resources } = await resourcesOf(test)
    const spinner = await startBounded(test, resources, { cpu: 0.5, pids: 40 }, [process.execPath, '-e', 'for (;;);'])
    await until('it spins', () => cpuSecondsOf(spinner.child.pid) >= 0.2)
    // Before the CPU time is read, and read again after it: a wait in between makes the share less, never more.
    const startMs = performance.now()
    const fromSeconds = cpuSecondsOf(spinner.child.pid)
    await until('it has used half a second more', () => cpuSecondsOf(spinner.child.pid) - fromSeconds >= 0.5, 30_000)
    const share = (cpuSecondsOf(spinner.child.pid) - fromSeconds) / ((performance.now() - startMs) / 1000)
    // A busy machine makes it less, never more.
    assert.ok(share <= 0.65, `${share.toFixed(2)} of a CPU`)
    assert.match(readFileSync(join(groupOf(spinner.groups, 'cpu'), support.kind === 'cgroup2' ? 'cpu.max' : 'cpu.cfs_quota_us'), 'utf8'), /^50000\b/)
  })

  it('a daemon that left its process group and its parent is ended by release', async (test) => {
    const { resources } = await resourcesOf(test)
    const worker = await startBounded(test, resources, { pids: 20 }, ['/bin/sh', '-c', '(setsid sleep 60 >/dev/null 2>&1 & echo $!)'])
    assert.equal(await worker.exited, 0)
    const left = await until('the daemon alone is left', () => worker.pids().length === 1 && worker.pids())
    await worker.grip.release()
    await worker.grip.release()
    assert.deepEqual([left.filter(isRunning), worker.groups.filter((group) => existsSync(group))], [[], []])
  })

  it('a group that is gone is not joined: the command does not run', async (test) => {
    const { resources } = await resourcesOf(test)
    const grip = await resources.enter({ pids: 5 }, 'late')
    await grip.release()
    const [file = '', ...args] = grip.prefix
    const child = spawn(file, [...args, '/bin/echo', 'ran'], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text })
    assert.equal((await once(child, 'close'))[0], 125)
    assert.match(output, /^cannot join the control group \S+\n$/)
  })

  it('what a killed gateway left is ended and removed by the next; what a living one has is not', async (test) => {
    const { directory } = support.parents[0] ?? assert.fail('no hierarchy')
    const { resources: living } = await resourcesOf(test)
    const held = await startBounded(test, living, { pids: 5 }, ['sleep', '60'])
    const [, namespace] = /drawbridge-(\d+)-/.exec(held.groups.join(' ')) ?? []
    const stale = join(directory, `drawbridge-${namespace}-${process.pid}-1-00`)
    const foreign = join(directory, `drawbridge-1-${process.pid}-1-00`)
    mkdirSync(join(stale, 'w1'), { recursive: true })
    mkdirSync(foreign)
    test.after(() => { rmdirSync(foreign) })
    const orphan = spawn('sleep', ['60'], { stdio: 'ignore' })
    writeFileSync(join(stale, 'w1', 'cgroup.procs'), String(orphan.pid))
    const { resources: next } = await resourcesOf(test)
    await next.enter({ pids: 5 }, 'y')
    await until('the orphan is gone', () => orphan.signalCode === 'SIGKILL')
    assert.deepEqual([existsSync(stale), existsSync(foreign), isRunning(held.child.pid)], [false, true, true])
    await next.close()
    assert.equal(isRunning(held.child.pid), true)
  })
})

function groupOf (groups: readonly string[], controller: string): string {
  const at = support.parents.findIndex(({ controllers }) => controllers.includes(controller as 'pids'))
  return groups[at] ?? assert.fail(`no group for ${controller}`)
}

function isRunning (pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { access, constants, mkdir, mkdtemp, readFile, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { probeResources } from '../../../../src/sandbox/resources/index.ts'
import { findOwnGroups } from '../../../../src/sandbox/resources/own-groups.ts'
import { until } from '../../../helpers/until.ts'
import { resourcesOf, startBounded } from './bounded.ts'

/** A directory that looks like the files of /proc and of control groups v2; the test plays the kernel. */
async function fakeHost (test: TestContext, { cgroup = '0::/app\n', root = '/', controllers = 'cpuset cpu io memory pids', processes = [process.pid] } = {}): Promise<{ proc: string, own: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'groups of-'))
  test.after(() => rm(directory, { recursive: true, force: true }))
  const [proc, own] = [join(directory, 'proc'), join(directory, 'cgroup/app')]
  await Promise.all([mkdir(join(proc, 'self'), { recursive: true }), mkdir(own, { recursive: true })])
  const point = join(directory, 'cgroup').replaceAll(' ', '\\040')
  await writeFile(join(proc, 'self/cgroup'), cgroup)
  await writeFile(join(proc, 'self/mountinfo'), `1 1 0:1 / / rw - ext4 /dev/root rw\n41 31 0:38 ${root} ${point} rw,relatime - cgroup2 cgroup2 rw\n`)
  await writeFile(join(own, 'cgroup.controllers'), `${controllers}\n`)
  await writeFile(join(own, 'cgroup.subtree_control'), '')
  await writeFile(join(own, 'cgroup.type'), 'domain\n')
  await writeFile(join(own, 'cgroup.procs'), processes.map((pid) => `${pid}\n`).join(''))
  return { proc, own }
}

describe('control groups v2', () => {
  it('are used where the gateway\'s own group has memory and pids to hand down', async (test) => {
    const { proc, own } = await fakeHost(test)
    const { kind, parents, sentence } = await probeResources(proc)
    assert.deepEqual([kind, parents], ['cgroup2', [{ directory: own, controllers: ['memory', 'cpu', 'pids'] }]])
    assert.equal(sentence, 'memory, cpu, pids of a worker and all it starts are bounded by control groups (v2)')
  })

  it('are found in a container that shows a part of them, and from the leaf that an earlier gateway moved to', async (test) => {
    const shown = await fakeHost(test, { cgroup: '12:cpuset:/\n0::/docker/1f/app\n', root: '/docker/1f' })
    assert.equal((await findOwnGroups(shown.proc)).unified, shown.own)
    const moved = await fakeHost(test, { cgroup: '0::/app/drawbridge-gateway\n' })
    assert.equal((await findOwnGroups(moved.proc)).unified, moved.own)
    const outside = await fakeHost(test, { cgroup: '0::/../app\n' })
    assert.equal((await findOwnGroups(outside.proc)).unified, undefined)
  })

  it('are not used without the controllers, or beside others\' processes; the reason is said, with what to do', async (test) => {
    const few = await fakeHost(test, { controllers: 'cpuset cpu' })
    const shared = await fakeHost(test, { processes: [process.pid, 1, 2 ** 22] })
    const [less, busy] = [await probeResources(few.proc), await probeResources(shared.proc)]
    assert.deepEqual([less.kind, busy.kind], ['prlimit', 'prlimit'])
    assert.match(less.sentence, /was not given the controllers memory and pids, so memory is bounded roughly/)
    assert.match(busy.sentence, /other programs run in the gateway's control group \(a service needs Delegate=yes; by hand: systemd-run/)
    assert.match((await probeResources('/nonexistent')).sentence, /^no control groups are mounted, so /)
  })

  it('limits are written before the worker joins, and the group is killed as one', async (test) => {
    const { proc, own } = await fakeHost(test)
    const { resources, told } = await resourcesOf(test, await probeResources(proc))
    const worker = await startBounded(test, resources, { memoryMb: 64, cpu: 0.25, pids: 12 }, ['/bin/echo', 'ran'])
    assert.deepEqual([await worker.exited, worker.stdout()], [0, 'ran\n'])
    const [group = ''] = worker.groups
    const files = async (directory: string) => Object.fromEntries(await Promise.all((await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isFile()).map(async ({ name }) => [name, (await readFile(join(directory, name), 'utf8')).trim()] as const)))
    assert.deepEqual(await files(group), { 'cgroup.procs': String(worker.child.pid), 'memory.max': '67108864', 'memory.swap.max': '0', 'memory.oom.group': '1', 'cpu.max': '25000 100000', 'pids.max': '12' })
    assert.equal((await files(join(group, '..')))['cgroup.subtree_control'], '+memory +cpu +pids')
    assert.equal((await files(own))['cgroup.subtree_control'], '+memory +cpu +pids')
    await writeFile(join(group, 'memory.events'), 'low 0\nhigh 0\nmax 31\noom 1\noom_kill 1\noom_group_kill 1\n')
    const released = worker.grip.release()
    await until('the group is killed', async () => (await files(group))['cgroup.kill'] === '1')
    // A kernel takes its files away with the group; here a last try to kill may write one anew.
    await until('the group is gone', async () => {
      for (const name of await readdir(group).catch(() => [])) await rm(join(group, name), { force: true })
      return !existsSync(group)
    })
    await released
    assert.deepEqual([existsSync(group), told], [false, ['worker memory']])
    // The kernel's files in the group above go with it.
    await rm(join(group, '../cgroup.subtree_control'))
  })
})

const { unified } = await findOwnGroups('/proc')
const isWritable = unified !== undefined && await access(unified, constants.W_OK).then(async () => {
  await mkdir(join(unified, 'drawbridge-test'))
  await rmdir(join(unified, 'drawbridge-test'))
}).then(() => true, () => false)
// A real v2 hierarchy is there on most machines; without controllers to hand down it still groups and kills.
if (isWritable) {
  describe('a real v2 hierarchy', () => {
    it('takes the worker, and kills what it left behind', async (test) => {
      const { resources } = await resourcesOf(test, { kind: 'cgroup2', controllers: [], parents: [{ directory: unified, controllers: [] }], sentence: '' })
      const worker = await startBounded(test, resources, { pids: 20 }, ['/bin/sh', '-c', '(setsid sleep 60 >/dev/null 2>&1 &) ; (setsid sleep 60 >/dev/null 2>&1 &)'])
      assert.equal(await worker.exited, 0)
      await until('its daemons are left', () => worker.pids().length === 2)
      await worker.grip.release()
      assert.equal(existsSync(worker.groups[0] ?? ''), false)
    })
  })
}

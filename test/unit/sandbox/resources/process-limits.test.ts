import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { ResourceSupport } from '../../../../src/sandbox/resources/index.ts'
import { resourcesOf, startBounded } from './bounded.ts'

/** A host without control groups. */
const PRLIMIT: ResourceSupport = { kind: 'prlimit', controllers: [], parents: [], sentence: '' }
const ORDINARY = process.getuid?.() === 0 ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'] : []
const NAMESPACE = ['bwrap', '--die-with-parent', '--unshare-user', '--unshare-pid', '--dev-bind', '/', '/', '--proc', '/proc', '--']
const ALLOCATE = 'const held = []; for (let at = 0; at < Number(process.argv[1]); at++) held.push(Buffer.alloc(1 << 20, 1)); console.log("allocated")'

describe('limits of each process (T40)', () => {
  it('open files, and no core files, whether or not there are control groups', async (test) => {
    const { resources } = await resourcesOf(test)
    const own = await startBounded(test, resources, { pids: 20, openFiles: 99 }, ['/bin/sh', '-c', 'ulimit -n; ulimit -H -n; ulimit -c'])
    const usual = await startBounded(test, resources, { pids: 20 }, ['/bin/sh', '-c', 'ulimit -n'])
    await Promise.all([own.exited, usual.exited])
    assert.deepEqual([own.stdout(), usual.stdout()], ['99\n99\n0\n', '4096\n'])
  })

  it('memory, roughly: Node starts and works, and does not get many times what it was given', async (test) => {
    const { resources } = await resourcesOf(test, PRLIMIT)
    const modest = await startBounded(test, resources, { memoryMb: 64, pids: 20 }, [process.execPath, '-e', ALLOCATE, '32'])
    const hog = await startBounded(test, resources, { memoryMb: 64, pids: 20 }, [process.execPath, '-e', ALLOCATE, '1500'])
    assert.deepEqual([await modest.exited, modest.stdout()], [0, 'allocated\n'])
    assert.notEqual(await hog.exited, 0)
    assert.equal(hog.stdout(), '')
  })

  it('processes, of this worker alone: others under the same user id are not counted', async (test) => {
    const { resources } = await resourcesOf(test, PRLIMIT)
    const grip = await resources.enter({ pids: 8, ownUser: true }, 'bomb')
    const outside = spawn('/bin/sh', ['-c', 'for at in 1 2 3 4 5 6 7 8 9 10; do sleep 60 & done; wait'], { stdio: 'ignore', detached: true, ...ORDINARY.length > 0 && { uid: 65534 } })
    test.after(() => { if (outside.pid !== undefined) process.kill(-outside.pid, 'SIGKILL') })
    const [file = '', ...args] = [...grip.prefix, ...ORDINARY, ...NAMESPACE, ...grip.inner, '/bin/sh', '-c', 'at=0; while [ $at -lt 40 ]; do sleep 60 & at=$((at+1)); echo $at; done']
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [output, complaints] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { complaints += text })
    // All of its output is read then: what it left behind, which holds the pipes, ends with its namespace.
    await once(child, 'close')
    // The shell is one of the eight, and so is bubblewrap's own process inside.
    const most = Number(output.trim().split('\n').at(-1))
    assert.ok(most >= 5 && most <= 7, output)
    assert.match(complaints, /fork/i)
  })

  it('says what holds and what does not', async (test) => {
    const { resources } = await resourcesOf(test, PRLIMIT)
    const words = async (limits: Parameters<typeof resources.enter>[0]) => (await resources.enter(limits, 'x')).describe()
    assert.equal(await words({ pids: 9, memoryMb: 64, cpu: 0.5 }), 'memory about 64 MiB per process, cpu not bounded, processes not bounded (limits of each process)')
    assert.equal(await words({ pids: 9, ownUser: true }), '9 processes (limits of each process)')
    assert.deepEqual((await resources.enter({ pids: 9 }, 'x')).inner, [])
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createSupervisor } from '../../../src/stdio-pool/supervisor.ts'
import { until } from '../../helpers/until.ts'
import { bench, fixture, taggedWith } from './pool-parts.ts'

const PROGRAM = fileURLToPath(new URL('./pool-program.ts', import.meta.url))

/** Pids of the supervisors with this tag: it stands in their argv. */
function supervisorsOf (tag: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[2] === tag
    } catch {
      return false
    }
  })
}

/** Throws rather than return a pid that would mean "my own group" to kill. */
function onlySupervisorOf (tag: string): number {
  const [pid, ...others] = supervisorsOf(tag)
  assert.ok(pid !== undefined && pid > 1 && others.length === 0, 'there is exactly one supervisor')
  return pid
}

/** Process group and session of a process. */
function groupAndSession (pid: number): number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(2, 4).map(Number)
}

/** What the links in the private directories point to: each worker's TMPDIR. */
async function temporaryDirs (dir: string): Promise<string[]> {
  const names = await readdir(join(dir, 'workers'))
  return await Promise.all(names.map((name) => readlink(join(dir, 'workers', name, 'tmp'))))
}

async function startProgram (t: TestContext): Promise<{ dir: string, tag: string, kill: () => void, exited: Promise<unknown> }> {
  const dir = await mkdtemp(join(tmpdir(), 'supervised '))
  const program = spawn(process.execPath, [PROGRAM, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(program, 'exit')
  const kill = (): void => { program.kill('SIGKILL') }
  t.after(async () => {
    kill()
    await rm(dir, { recursive: true, force: true })
  })
  const [line] = await once(createInterface(program.stdout), 'line') as [string]
  const { tag } = JSON.parse(line) as { tag: string }
  t.after(() => {
    // Only a supervisor that failed leaves any.
    for (const { pid } of taggedWith(tag)) process.kill(pid, 'SIGKILL')
  })
  return { dir, tag, kill, exited }
}

describe('the supervisor (T44)', () => {
  it('leaves nothing within 10 s of the gateway\'s own SIGKILL: group members, grandchildren, strays, directories', async (t) => {
    const { dir, tag, kill, exited } = await startProgram(t)
    // A process that has forked and not yet started its program counts twice for a moment.
    await until('six tagged processes', () => taggedWith(tag).length === 6)
    const temporary = await temporaryDirs(dir)
    assert.ok(temporary.length > 0 && temporary.every((path) => existsSync(path)))
    const supervisor = onlySupervisorOf(tag)
    assert.deepEqual(groupAndSession(supervisor), [supervisor, supervisor])
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(supervisor, signal)
    kill()
    await exited
    await until('no tagged process', () => taggedWith(tag).length === 0)
    await until('no supervisor', () => supervisorsOf(tag).length === 0)
    assert.deepEqual(await readdir(join(dir, 'workers')), [])
    assert.deepEqual(temporary.filter((path) => existsSync(path)), [])
  })

  it('ends on closing what left its group, and does not wait when nothing did', async (t) => {
    const { open, pool } = await bench(t)
    const escape = 'require("node:child_process").spawn("/bin/sleep", ["600"], { detached: true, stdio: "ignore" }).unref()'
    const { worker } = await open({ args: ['-e', escape] })
    await worker.exited
    assert.equal(taggedWith(pool.instanceId).length, 1)
    await pool.close()
    assert.deepEqual(taggedWith(pool.instanceId), [])
    assert.deepEqual(supervisorsOf(pool.instanceId), [])
  })

  it('is started with the first worker, and again with the next one if it is lost', async (t) => {
    const { open, pool, log } = await bench(t)
    assert.deepEqual(supervisorsOf(pool.instanceId), [])
    await open({ args: [fixture('echo.mjs')] })
    const first = onlySupervisorOf(pool.instanceId)
    process.kill(first, 'SIGKILL')
    await until('the loss is told', () => log.includes('supervisor ended with SIGKILL'))
    await open({ args: [fixture('echo.mjs')] })
    assert.notEqual(onlySupervisorOf(pool.instanceId), first)
  })

  it('spares groups that it was told are gone, and removes no directory but those it was given', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'supervisor-'))
    const spared = spawn('/bin/sleep', ['60'], { detached: true })
    const ended = spawn('/bin/sleep', ['60'], { detached: true })
    assert.ok(spared.pid !== undefined && ended.pid !== undefined)
    t.after(() => {
      spared.kill('SIGKILL')
      ended.kill('SIGKILL')
      return rm(dir, { recursive: true, force: true })
    })
    for (const name of ['kept', 'spared', 'a b $(touch x) \'"']) await mkdir(join(dir, name))
    const supervisor = createSupervisor('no-such-tag', assert.fail)
    supervisor.watch(spared.pid, join(dir, 'spared'))
    supervisor.watch(ended.pid, join(dir, 'a b $(touch x) \'"'))
    supervisor.forget(spared.pid)
    const exited = once(ended, 'exit')
    await supervisor.close()
    assert.deepEqual(await exited, [null, 'SIGTERM'])
    assert.equal(spared.exitCode ?? spared.signalCode, null)
    assert.deepEqual((await readdir(dir)).sort(), ['kept', 'spared'])
  })

  it('follows a link that a worker has changed to no directory but one named like a TMPDIR', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'supervisor-'))
    const ended = ['one', 'two', 'three'].map(() => spawn('/bin/sleep', ['60'], { detached: true }))
    t.after(() => {
      for (const child of ended) child.kill('SIGKILL')
      return rm(dir, { recursive: true, force: true })
    })
    for (const name of ['victim', 'db-decoy', 'db-ours', 'one', 'two', 'three']) await mkdir(join(dir, name))
    const targets = [`${dir}/db-decoy/../victim`, `${dir}/victim`, `${dir}/db-ours`]
    const supervisor = createSupervisor('no-such-tag', assert.fail)
    for (const [at, name] of ['one', 'two', 'three'].entries()) {
      await symlink(targets[at] ?? '', join(dir, name, 'tmp'))
      supervisor.watch(ended[at]?.pid ?? 0, join(dir, name))
    }
    await supervisor.close()
    assert.deepEqual((await readdir(dir)).sort(), ['db-decoy', 'victim'])
  })
})

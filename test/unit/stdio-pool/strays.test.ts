/** Daemons that left the group of their worker (T44). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { systemClock } from '../../../src/shared/clock.ts'
import { createStrays } from '../../../src/stdio-pool/strays.ts'
import { taggedProcesses } from '../../../src/stdio-pool/tagged-processes.ts'
import { until } from '../../helpers/until.ts'
import { bench, fixture, taggedWith, textOf } from './pool-parts.ts'

const none: ReadonlySet<number> = new Set()
const strays = (serving = none, graceMs = 300) => createStrays({ serving: () => serving, nowMs: systemClock.nowMs, graceMs })
const unique = (): string => `STRAYS_TEST=${process.pid}-${Math.random()}`

/** A process that carries the variable and is ready when this resolves. */
async function tagged (t: TestContext, variable: string, code = ''): Promise<ChildProcess & { readonly pid: number }> {
  const [name = '', value] = variable.split('=')
  const child = spawn(process.execPath, ['-e', `${code}; setInterval(() => {}, 1000); console.log('up')`], { env: { [name]: value }, stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child as ChildProcess & { readonly pid: number }
}

const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

describe('a daemon that its worker leaves behind', () => {
  for (const [kind, env] of [['one that takes TERM', {}], ['one that takes no TERM', { LEAVES_STUBBORN: '1' }]] as const) {
    it(`${kind}: is ended after its worker; those of other workers live on`, async (t) => {
      const { open, pool } = await bench(t, { stopGraceMs: 300 })
      const [one, other] = await Promise.all([open({ args: [fixture('leaves-daemon.mjs')], env }), open({ args: [fixture('leaves-daemon.mjs')], env })])
      const [own, others] = await Promise.all([one, other].map(async ({ ask }) => Number(textOf(await ask(1, 'tools/call'))))) as [number, number]
      // Who forked them may still be on its way out.
      await until('two workers and two daemons', () => taggedWith(pool.instanceId).length === 4)
      await one.worker.stop()
      await until('its daemon has ended', () => !taggedWith(pool.instanceId).some(({ pid }) => pid === own))
      assert.deepEqual(taggedWith(pool.instanceId).map(({ pid }) => pid).sort(), [other.worker.pid, others].sort())
      await pool.close()
      assert.deepEqual(taggedWith(pool.instanceId), [], 'close waits for the daemons')
    })
  }

  it('is ended, too, when its worker was killed', async (t) => {
    const { open, pool } = await bench(t)
    const { worker, ask } = await open({ args: [fixture('leaves-daemon.mjs')] })
    await ask(1, 'tools/call')
    process.kill(worker.pid, 'SIGKILL')
    await until('both have ended', () => taggedWith(pool.instanceId).length === 0)
  })
})

describe('ending strays', () => {
  it('leaves alone who carries another tag, even one that begins alike, and who serves', async (t) => {
    const tag = unique()
    const [stray, alike, serving] = await Promise.all([tagged(t, tag), tagged(t, `${tag}1`), tagged(t, tag)])
    await strays(new Set([serving.pid])).end(tag)
    await until('the stray has ended', () => isOver(stray))
    assert.deepEqual([isOver(alike), isOver(serving)], [false, false])
  })

  it('finds what is forked between TERM and KILL', async (t) => {
    const tag = unique()
    const forks = "process.on('SIGTERM', () => { require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' }) })"
    await tagged(t, tag, forks)
    await strays().end(tag)
    await until('nobody carries the tag', async () => (await taggedProcesses(new Set([tag]), none)).size === 0)
  })

  it('looks once for many that end together', async (t) => {
    const names = Array.from({ length: 50 }, unique)
    let looks = 0
    const counted = createStrays({ serving: () => { looks += 1; return none }, nowMs: systemClock.nowMs })
    const [first = '', last = ''] = [names[0], names[49]]
    const [one, two] = await Promise.all([tagged(t, first), tagged(t, last)])
    await Promise.all(names.map((name) => counted.end(name)))
    await until('both have ended', () => isOver(one) && isOver(two))
    assert.ok(looks <= 4, `${looks} looks`)
  })

  it('rests between two looks, also when somebody asks during the first', async () => {
    let nowMs = 0
    const looked: number[] = []
    const counted = createStrays({
      serving: () => {
        looked.push(performance.now())
        if (looked.length === 1) second = counted.end(unique())
        return none
      },
      // Each look takes 20 ms.
      nowMs: () => (nowMs += 20)
    })
    let second: Promise<void> | undefined
    await counted.end(unique())
    await second
    const [first = 0, next = 0] = looked
    assert.ok(next - first >= 170, `${next - first} ms`)
  })
})

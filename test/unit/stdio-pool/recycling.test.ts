import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { createResidentMemory, drawLife, OVERDUE, wornBy } from '../../../src/stdio-pool/index.ts'
import { seeded } from '../../helpers/random.ts'
import { until } from '../../helpers/until.ts'
import { testClock } from '../limits/callers.ts'

const MIB = 1024 * 1024

suite('the life of a worker', () => {
  test('is without end where the entry sets none', () => {
    assert.equal(drawLife({}), undefined)
  })

  test('differs by up to a fifth, and from worker to worker', () => {
    const random = seeded(7)
    const lives = Array.from({ length: 1000 }, () => drawLife({ maxCalls: 1000, maxAgeMs: 1000, maxMemoryMb: 1000 }, random))
    for (const pick of ['maxCalls', 'maxAgeMs', 'maxBytes'] as const) {
      const drawn = lives.map((life) => (life?.[pick] ?? 0) / (pick === 'maxBytes' ? MIB : 1))
      assert.ok(Math.min(...drawn) >= 800 && Math.max(...drawn) <= 1200, pick)
      assert.ok(Math.min(...drawn) < 820 && Math.max(...drawn) > 1180, pick)
    }
  })

  test('has one call at least', () => {
    assert.equal(drawLife({ maxCalls: 1 }, () => 0)?.maxCalls, 1)
  })

  test('ends by what is used up first', () => {
    const life = { maxCalls: 10, maxAgeMs: 1000, maxBytes: 100 }
    const fresh = { calls: 9, ageMs: 999, bytes: 99 }
    assert.equal(wornBy(life, fresh), undefined)
    assert.equal(wornBy(life, { ...fresh, calls: 10 }), 'calls')
    assert.equal(wornBy(life, { ...fresh, ageMs: 1000 }), 'age')
    assert.equal(wornBy(life, { ...fresh, bytes: 100 }), 'memory')
    assert.equal(wornBy(life, { ...fresh, bytes: undefined }), undefined)
    assert.equal(wornBy(life, { ...fresh, calls: 19 }, OVERDUE), undefined)
    assert.equal(wornBy(life, { ...fresh, calls: 20 }, OVERDUE), 'calls')
  })
})

suite('resident memory', () => {
  test('is that of the whole process group, and unknown of one that has gone', async () => {
    const holder = `const held = Buffer.alloc(${64 * MIB}, 1); process.stdin.on('end', () => process.exit(held.length > 0 ? 0 : 1)).resume(); process.stdout.write('up')`
    const parent = `const { spawn } = require('node:child_process'); const child = spawn(process.execPath, ['-e', ${JSON.stringify(holder)}], { stdio: ['inherit', 'pipe', 'inherit'] }); child.stdout.once('data', () => process.stdout.write('up')); child.on('exit', () => process.exit(0))`
    const child = spawn(process.execPath, ['-e', parent], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
    const exited = once(child, 'exit')
    try {
      await once(child.stdout, 'data')
      const clock = testClock()
      const memory = createResidentMemory(clock.nowMs)
      const leaderBytes = memory.of(child.pid ?? 0) ?? 0
      assert.ok(leaderBytes > 20 * MIB && leaderBytes < 100 * MIB, String(leaderBytes / MIB))
      const bytes = await until('its child is counted, too', () => {
        const all = memory.of(child.pid ?? 0) ?? 0
        return all > leaderBytes + 64 * MIB ? all : undefined
      })
      assert.ok(bytes < 400 * MIB, String(bytes / MIB))
      child.stdin.end()
      await exited
      clock.advance(10_000)
      await until('nothing is known of it', () => memory.of(child.pid ?? 0) === undefined)
    } finally {
      child.kill('SIGKILL')
    }
  })
})

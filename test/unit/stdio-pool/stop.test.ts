import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { until } from '../../helpers/until.ts'
import { bench, fixture, textOf, taggedWith } from './pool-parts.ts'

/** Writes each thing that it is told to end by to the file of its first argument, and ends by the one of its second. */
const RELUCTANT = `
const { appendFileSync } = require('node:fs')
const [file, last] = process.argv.slice(1)
const told = (what) => { appendFileSync(file, what + ' '); if (what === last) process.exit(0) }
process.stdin.on('end', () => told('eof')).resume()
process.on('SIGTERM', () => told('term'))
setInterval(() => {}, 1000)
process.stderr.write('ready')
`

describe('stopping a worker (MCP lifecycle, T44)', () => {
  for (const [last, told, signal] of [['eof', 'eof ', null], ['term', 'eof term ', null], ['nothing', 'eof term ', 'SIGKILL']] as const) {
    it(`closes stdin, then TERM, then KILL: a server that ends by ${last}`, async (t) => {
      // Long enough for a server that the machine lets wait to end by what it was told, and not by the next step.
      const { open, dir } = await bench(t, { stopGraceMs: 1000 })
      const file = join(dir, 'told')
      const { worker } = await open({ args: ['-e', RELUCTANT, file, last] })
      await until('ready', () => worker.stderrTail() === 'ready')
      await Promise.all([worker.stop(), worker.stop()])
      assert.equal(await readFile(file, 'utf8'), told)
      assert.deepEqual([(await worker.exited).reason, (await worker.exited).signal], ['stopped', signal])
      await worker.stop()
    })
  }

  it('sends what was queued before it closes stdin', async (t) => {
    const { open } = await bench(t)
    const { worker, messages } = await open({ command: '/bin/cat' })
    worker.send('{"last":1}')
    await worker.stop()
    assert.deepEqual(messages, [{ last: 1 }])
    assert.equal(worker.send('{}'), 'closed')
  })

  it('waits two seconds on each step unless told otherwise', async (t) => {
    const { open } = await bench(t)
    const { worker } = await open({ args: [fixture('ignores-eof-and-term.mjs')] })
    await until('ready', () => worker.stderrTail().includes('ready'))
    const startMs = performance.now()
    await worker.stop()
    const tookMs = performance.now() - startMs
    assert.ok(tookMs >= 3_990 && tookMs < 8_000, `${tookMs} ms`)
  })

  it('ends the server that a launcher left behind when it died itself', async (t) => {
    const { open, pool } = await bench(t)
    const { worker, ask } = await open({ args: [fixture('ignores-eof-and-term.mjs')] })
    await ask(1, 'initialize')
    await until('server and grandchild', () => taggedWith(pool.instanceId).length === 2)
    process.kill(worker.pid, 'SIGKILL')
    assert.equal((await worker.exited).reason, 'crashed')
    await worker.stop()
    // A killed process stays visible until PID 1 has reaped it.
    await until('no process', () => taggedWith(pool.instanceId).length === 0)
  })

  it('leaves nothing after 30 servers that ignore both, with grandchildren', async (t) => {
    const { open, pool } = await bench(t, { stopGraceMs: 20 })
    for (let round = 0; round < 6; round++) {
      await Promise.all(Array.from({ length: 5 }, async () => {
        const { worker, ask } = await open({ args: [fixture('ignores-eof-and-term.mjs')] })
        const { grandchild } = JSON.parse(textOf(await ask(1, 'tools/call'))) as { grandchild: number }
        assert.ok(process.kill(grandchild, 0))
        await worker.stop()
      }))
    }
    await until('no process', () => taggedWith(pool.instanceId).length === 0)
    assert.deepEqual([pool.stats().running, pool.stats().starting], [0, 0])
  })
})

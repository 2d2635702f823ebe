import assert from 'node:assert/strict'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { open as openFile, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { TAG_VARIABLE } from '../../../src/stdio-pool/index.ts'
import { residentBytes } from '../../helpers/processes.ts'
import { until } from '../../helpers/until.ts'
import { bench, fixture, identity, never, owner, textOf, taggedWith } from './pool-parts.ts'

const call = (name: string, args: Record<string, unknown> = {}): unknown => ({ name, arguments: args })

/** What the descriptors of a process point to. */
function descriptorsOf (pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
}

describe('a worker', () => {
  it('says back what it is told, byte for byte, as one message each (T38)', async (t) => {
    const { open } = await bench(t)
    const { ask, messages } = await open({ args: [fixture('echo.mjs')] })
    const texts = ['x\n{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"counter","arguments":{"inc":true}}}', '\r\n', '\u2028\u2029\u0085', '\0', '\uD800', 'é✂😀'.repeat(50_000), '\\u2028']
    const answers = await Promise.all(texts.map((text, index) => ask(`t${index}`, 'tools/call', call('echo', { text }))))
    assert.deepEqual(answers.map(textOf), texts)
    assert.equal(textOf(await ask('count', 'tools/call', call('counter'))), '0')
    assert.equal(messages.length, texts.length + 1)
  })

  it('is given its argv, its environment, its directories and nothing else (T41, T45)', async (t) => {
    const { open, dir, pool } = await bench(t)
    const { ask } = await open({ args: [fixture('echo.mjs'), '$(touch x)', '`touch x`', '; touch x'], env: { OWN: '{tenant}' } })
    const me = JSON.parse(textOf(await ask(1, 'tools/call', call('whoami')))) as { argv: string[], cwd: string, env: Record<string, string> }
    assert.deepEqual(me.argv, ['$(touch x)', '`touch x`', '; touch x'])
    assert.deepEqual(Object.keys(me.env).sort(), ['DRAWBRIDGE_WORKER', 'HOME', 'LANG', 'OWN', 'PATH', 'TMPDIR'])
    assert.equal(me.env[TAG_VARIABLE], `${pool.instanceId}.1`)
    assert.equal(me.cwd, me.env['HOME'])
    assert.deepEqual(await readdir(me.cwd), [])
    for (const path of [join(dir, 'workers'), me.cwd, me.env['TMPDIR'] ?? '']) assert.equal((await stat(path)).mode & 0o777, 0o700)
  })

  it('inherits no descriptor of the gateway beyond its three pipes', async (t) => {
    const { open, dir } = await bench(t, { stopGraceMs: 50 })
    const file = await openFile(join(dir, 'secret'), 'w')
    t.after(() => file.close())
    const { worker } = await open({ command: '/bin/sleep', args: ['60'] })
    const given = new Set(descriptorsOf(process.ppid))
    assert.ok(descriptorsOf(process.pid).includes(join(dir, 'secret')))
    assert.equal(descriptorsOf(worker.pid).filter((target) => !given.has(target)).length, 3)
  })

  it('finds its data directories made, and loses its private one in the end', async (t) => {
    const { open, dir } = await bench(t)
    const { worker, ask } = await open({ args: [fixture('echo.mjs'), join(dir, 'data/{tenant}/{user}')] })
    const { env } = JSON.parse(textOf(await ask(1, 'tools/call', call('whoami')))) as { env: Record<string, string> }
    assert.ok(existsSync(env['TMPDIR'] ?? ''))
    assert.equal((await stat(join(dir, 'data/acme/alice'))).mode & 0o777, 0o700)
    assert.equal((await readdir(join(dir, 'workers'))).length, 1)
    await worker.stop()
    await until('no private directory', async () => (await readdir(join(dir, 'workers'))).length === 0)
    assert.ok(!existsSync(env['TMPDIR'] ?? ''))
    assert.ok(existsSync(join(dir, 'data/acme/alice')))
  })

  it('may talk nonsense on stdout: it is counted and dropped', async (t) => {
    const { open, log } = await bench(t)
    const { ask, messages } = await open({ args: [fixture('noisy-banner.mjs')] })
    await ask(1, 'initialize')
    assert.equal(textOf(await ask(2, 'tools/call')), 'among noise')
    assert.equal(messages.length, 2)
    assert.equal(log.filter((line) => line === 'protocol invalid_utf8').length, 1)
    assert.ok(log.filter((line) => line === 'protocol noise').length >= 7)
  })

  it('is ended when the nonsense does not stop', async (t) => {
    const { open, log } = await bench(t)
    const { worker } = await open({ command: '/bin/sh', args: ['-c', 'while :; do echo noise; done'] })
    const exit = await worker.exited
    assert.deepEqual([exit.reason, exit.signal], ['noise', 'SIGKILL'])
    const noise = log.filter((line) => line === 'protocol noise').length
    // One chunk's worth beyond the bound at most: it is killed, not read on.
    assert.ok(noise > 10_000 && noise < 30_000, `${noise} lines`)
  })

  it('is ended at 10 MB without a line end, and costs no more than that (T39)', async (t) => {
    const { open, log } = await bench(t)
    const before = residentBytes(process.pid)
    const { worker, ask } = await open({ args: [fixture('floods-stdout-without-newline.mjs')] })
    await ask(1, 'initialize')
    worker.send('{"jsonrpc":"2.0","id":2,"method":"tools/call"}')
    assert.equal((await worker.exited).reason, 'oversize')
    assert.ok(log.includes('protocol oversize'))
    assert.ok(residentBytes(process.pid) - before < 64 * 1024 * 1024)
  })

  it('may answer with a line of almost 10 MB', async (t) => {
    const { open } = await bench(t)
    const { ask } = await open({ args: [fixture('echo.mjs')] })
    assert.equal(textOf(await ask(1, 'tools/call', call('big', { bytes: 10_000_000 }))).length, 10_000_000)
  })

  it('keeps only the last 64 KB of a flood on stderr, and answers meanwhile (FR06)', async (t) => {
    const told = await bench(t)
    const { worker, ask } = await told.open({ args: [fixture('floods-stderr.mjs')] })
    await until('a megabyte of stderr', () => told.stderrBytes > 1_000_000)
    for (let id = 0; id < 20; id++) assert.equal(textOf(await ask(id, 'tools/call')), 'still here')
    assert.ok(Buffer.byteLength(worker.stderrTail()) <= 64 * 1024)
    assert.ok(Buffer.byteLength(worker.stderrTail()) > 63 * 1024)
    assert.doesNotMatch(worker.stderrTail().slice(0, -1), /\uFFFD/)
  })

  it('that crashes says so, after what it wrote before (FR01)', async (t) => {
    const { open, log } = await bench(t)
    // More than one read takes, so that the end is known before the last of it.
    const { worker, messages } = await open({ command: '/bin/sh', args: ['-c', 'yes \'{"some":1}\' | head -n 15000; echo \'{"last":1}\'; exit 3'] })
    assert.deepEqual(await worker.exited, { reason: 'crashed', code: 3, signal: null })
    assert.equal(messages.length, 15_001)
    assert.deepEqual(messages.at(-1), { last: 1 })
    assert.equal(worker.send('{}'), 'closed')
    await worker.stop()
    worker.kill()
    assert.deepEqual(log, ['started', 'ended crashed'])
  })

  it('that dies by a signal says which', async (t) => {
    const { open } = await bench(t)
    const { worker, ask } = await open({ args: [fixture('crash-on-call.mjs'), 'SIGSEGV'] })
    await assert.rejects(ask(1, 'tools/call'), /crashed/)
    assert.deepEqual(await worker.exited, { reason: 'crashed', code: null, signal: 'SIGSEGV' })
  })

  it('that cannot start keeps its reason on stderr (FR04)', async (t) => {
    const { open } = await bench(t)
    const { worker } = await open({ args: [fixture('exits-at-start.mjs'), '4'] })
    assert.equal((await worker.exited).code, 4)
    assert.equal(worker.stderrTail(), 'ready\ncannot start: no token\n')
  })

  it('that leaves half a line and exits has crashed; one that stays silent can be killed (FR07, FR02)', async (t) => {
    const { open } = await bench(t)
    const half = await open({ args: [fixture('half-a-line.mjs'), 'exit'] })
    half.worker.send('{"jsonrpc":"2.0","id":1,"method":"tools/call"}')
    assert.equal((await half.worker.exited).reason, 'crashed')
    assert.deepEqual(half.messages, [])
    const silent = await open({ args: [fixture('never-initializes.mjs')] })
    process.kill(silent.worker.pid, 'SIGSTOP')
    silent.worker.kill('stdin_full')
    assert.deepEqual(await silent.worker.exited, { reason: 'stdin_full', code: null, signal: 'SIGKILL' })
  })

  it('that stops reading is full, not a heap of memory (FR09)', async (t) => {
    const { open } = await bench(t, { stopGraceMs: 50 })
    const { worker, ask } = await open({ args: [fixture('stops-reading-stdin.mjs')] })
    await ask(1, 'initialize')
    worker.send('{"jsonrpc":"2.0","id":2,"method":"tools/call"}')
    await until('deaf', () => worker.stderrTail().includes('deaf'))
    const text = JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'x', params: 'x'.repeat(100_000) })
    const before = residentBytes(process.pid)
    const said = Array.from({ length: 5000 }, () => worker.send(text))
    assert.equal(said.at(-1), 'full')
    assert.ok(said.filter((answer) => answer === 'sent').length < 100)
    assert.ok(residentBytes(process.pid) - before < 64 * 1024 * 1024)
  })

  it('that closes its stdout, or its stdin, is of no use and ended', async (t) => {
    const { open } = await bench(t, { stopGraceMs: 50 })
    const mute = await open({ command: '/bin/sh', args: ['-c', 'exec >&-; sleep 60'] })
    assert.equal((await mute.worker.exited).reason, 'crashed')
    const deaf = await open({ command: '/bin/sh', args: ['-c', 'exec <&-; echo closed >&2; sleep 60'] })
    await until('closed', () => deaf.worker.stderrTail() === 'closed\n')
    deaf.worker.send('{}')
    assert.equal((await deaf.worker.exited).reason, 'crashed')
  })
})

describe('a process that cannot be started', () => {
  it('is refused with the command\'s name and the reason', async (t) => {
    const { pool, launch, log, dir } = await bench(t)
    const cases: Array<[Parameters<typeof launch>[0], RegExp]> = [
      [{ command: 'no-such-command' }, /mcpServers\.srv: cannot start "no-such-command": ENOENT/],
      [{ command: '/etc/passwd' }, /cannot start "\/etc\/passwd": EACCES/],
      [{ command: process.execPath, args: ['a\0b'] }, /cannot start .*ERR_INVALID_ARG_VALUE/],
      [{ cwd: join(dir, 'absent') }, /cannot start .*absent/],
      [{ cwd: fixture('echo.mjs') }, /cannot start .*is no directory/],
      [{ args: ['/proc/nowhere/{tenant}'] }, /cannot start .*\/proc\/nowhere/]
    ]
    for (const [own, reason] of cases) {
      await assert.rejects(pool.start(launch(own), owner(), never), (error: { code?: string, details?: { reason?: string } }) => {
        assert.match(error.details?.reason ?? '', reason)
        return error.code === 'GW_UPSTREAM_START'
      })
    }
    assert.deepEqual(log, cases.map(() => 'ended spawn_failed'))
    assert.deepEqual([pool.stats().running, pool.stats().starting], [0, 0])
    assert.deepEqual(await readdir(join(dir, 'workers')), [])
  })

  it('can be found by an absolute path, by PATH, and relative to its cwd', async (t) => {
    const { open, dir } = await bench(t)
    for (const own of [{ command: '/bin/sh' }, { command: 'sh' }, { command: './sh', cwd: '/bin' }]) {
      const { worker } = await open({ ...own, args: ['-c', `pwd > ${dir}/out`] })
      assert.equal((await worker.exited).code, 0)
    }
    assert.match(await readFile(join(dir, 'out'), 'utf8'), /bin\n$/)
  })
})

describe('the pool as a whole', () => {
  it('leaves no process and no directory when it closes, and starts nothing more', async (t) => {
    const { pool, launch, dir } = await bench(t)
    const own = { args: [fixture('echo.mjs')] }
    const started = await Promise.all(Array.from({ length: 4 }, () => pool.start(launch(own), owner(), never)))
    const late = pool.start(launch(own), owner(), never).catch((error: { code?: string }) => error.code)
    await pool.close()
    assert.equal(await late, 'GW_DRAINING')
    assert.deepEqual(taggedWith(pool.instanceId), [])
    for (const worker of started) assert.equal((await worker.exited).reason, 'stopped')
    assert.deepEqual(await readdir(join(dir, 'workers')), [])
    await assert.rejects(pool.start(launch(own), owner(), never), { code: 'GW_DRAINING' })
    await pool.close()
  })

  it('keeps two launches of one key apart', async (t) => {
    const { pool, launch } = await bench(t)
    const workers = await Promise.all([1, 2].map(() => pool.start(launch({ args: [fixture('echo.mjs')] }, identity('acme', 'alice')), owner(), never)))
    assert.equal(new Set(workers.map((worker) => worker.id)).size, 2)
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { createAuditSink, createLogger } from '../../../src/telemetry/index.ts'
import type { LogLevel, Logger } from '../../../src/telemetry/index.ts'
import { until } from '../../helpers/until.ts'

interface Kept { readonly logger: Logger, lines (): Array<Record<string, unknown>>, readonly pieces: string[] }

function keeping (level: LogLevel = 'info'): Kept {
  const pieces: string[] = []
  const logger = createLogger({ level, sink: { write: (text) => { pieces.push(text) }, flushSync () {}, end () {} } })
  return {
    logger,
    pieces,
    lines: () => {
      logger.flush()
      return pieces.join('').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
    }
  }
}

describe('logger', () => {
  test('writes one JSON object per line, with level and time', () => {
    const { logger, lines } = keeping()
    logger.warn({ request_id: 'r1', server: 'notes' }, 'odd')
    logger.record({ request_id: 'r2', status: 200, missing: undefined }, 'request')
    const [odd, request] = lines()
    assert.deepEqual({ ...odd, time: 0 }, { level: 'warn', time: 0, request_id: 'r1', server: 'notes', msg: 'odd' })
    assert.deepEqual({ ...request, time: 0 }, { level: 'info', time: 0, request_id: 'r2', status: 200, msg: 'request' })
    assert.equal(typeof odd?.['time'], 'number')
  })

  test('masks and escapes in any field, however deep, and in errors', () => {
    const { logger, lines, pieces } = keeping()
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJl'
    logger.error({ err: new Error(`no: ${jwt}`, { cause: new Error('Authorization: Bearer canary01') }), deep: [{ text: 'a\u2028b\u001b[2J\u0085', header: 'Cookie: canary02' }] }, `failed with ${jwt}`)
    const [line] = lines()
    const text = pieces.join('')
    for (const secret of [jwt, 'c2lnbmF0dXJl', 'canary']) assert.equal(text.includes(secret), false, secret)
    assert.doesNotMatch(text.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/) // eslint-disable-line no-control-regex -- finding them is the point
    assert.match(JSON.stringify(line), /"type":"Error"/)
    assert.deepEqual((line?.['deep'] as Array<{ text: string }>)[0]?.text, 'a\\u2028b\\u001b[2J\\u0085')
  })

  test('leaves other members of an error out: they may hold anything', () => {
    const { logger, pieces } = keeping()
    logger.error({ err: Object.assign(new Error('x'), { config: { password: 'hunter2' }, code: 'E_X' }) }, 'failed')
    logger.flush()
    assert.equal(pieces.join('').includes('hunter2'), false)
    assert.match(pieces.join(''), /"code":"E_X"/)
  })

  test('writes at and above its level; records always, but when silent', () => {
    for (const [level, expected] of [['warn', ['warn', 'error', 'info']], ['silent', []]] as const) {
      const { logger, lines } = keeping(level)
      logger.info({ x: 1 }, 'no')
      logger.warn({ x: 1 }, 'yes')
      logger.error({ x: 1 }, 'yes')
      logger.record({ x: 1 }, 'audit')
      assert.deepEqual(lines().map((line) => line['level']), expected)
    }
  })

  test('collects lines into pieces and hands them on in time', async () => {
    const { logger, pieces } = keeping()
    for (let line = 0; line < 1000; line++) logger.record({ line }, 'many')
    assert.ok(pieces.length > 0 && pieces.length < 20, `${pieces.length} pieces`)
    await until('the rest', () => pieces.join('').includes('"line":999'))
    logger.close()
    logger.info({ late: true }, 'after the end')
    assert.match(pieces.join(''), /"late":true/)
  })
})

describe('standard output', () => {
  /** Runs a script against the real logger and a pipe that the test reads, or not. */
  const start = (body: string): { child: ChildProcessByStdio<null, Readable, Readable>, told: () => string } => {
    const script = `const { createLogger } = await import('./src/telemetry/index.ts'); let dropped = 0; const logger = createLogger({ level: 'info', onDropped: (lines) => { dropped += lines } }); ${body}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'], cwd: join(import.meta.dirname, '../../..') })
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    return { child, told: () => text }
  }
  const many = (lines: number, chars: number): string => `for (let n = 0; n < ${lines}; n++) logger.info({ n, pad: 'x'.repeat(${chars}) }, 'line');`

  test('a process that exits at once leaves nothing behind in the buffer', async () => {
    const { child } = start(`${many(20_000, 100)} process.exit(0)`)
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    await once(child, 'close')
    const lines = text.trim().split('\n')
    assert.deepEqual(lines.map((line) => (JSON.parse(line) as { n: number }).n), Array.from({ length: 20_000 }, (_, n) => n))
  })

  test('a reader that goes away neither ends the process nor keeps it from ending', async () => {
    const { child, told } = start(`let round = 0; const timer = setInterval(() => { ${many(1, 20_000)} if (++round > 300) { clearInterval(timer); process.stderr.write('still here') } }, 1)`)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    assert.deepEqual([...await once(child, 'close'), told()], [0, null, 'still here'])
  })

  test('a reader that left before the last words does not hold the process up', async () => {
    const { child } = start(`setInterval(() => {}, 1000); process.on('SIGUSR2', () => { ${many(2000, 100)} process.exit(0) }); logger.info({ n: 0 }, 'first'); logger.flush()`)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    child.kill('SIGUSR2')
    assert.deepEqual(await once(child, 'close'), [0, null])
  })

  test('a reader that stops reading costs bounded memory, lines are counted as lost, and the loop goes on (FR38)', async () => {
    const { child, told } = start(`${many(1, 1)} logger.flush(); ${many(3000, 10_000)} logger.flush(); setTimeout(() => { process.stderr.write(JSON.stringify({ dropped, mb: process.memoryUsage().rss / 1e6 })); process.exit(0) }, 100)`)
    child.stdout.pause()
    // What it told may be read after its end is known.
    const [code] = await Promise.all([once(child, 'exit'), once(child.stderr, 'end')])
    assert.deepEqual(code, [0, null])
    const { dropped, mb } = JSON.parse(told()) as { dropped: number, mb: number }
    assert.ok(dropped > 1500 && dropped < 3000, `${dropped} dropped`)
    assert.ok(mb < 250, `${mb} MB`)
    child.stdout.destroy()
  })
})

describe('audit sink', () => {
  test('one line per record, the same field names as elsewhere, nothing that is not set', () => {
    const { logger, lines } = keeping('warn')
    const audit = createAuditSink(logger)
    audit.record({ event: 'call', requestId: 'r', tenant: 'acme', user: 'alice', credentialId: 'k1', server: 'notes', method: 'tools/call', name: 'echo', outcome: 'error', code: 'GW_UPSTREAM_LOST', httpStatus: 200, durationMs: 12.34567 })
    audit.record({ event: 'call', method: 'resources/read', name: 'file:///x?token=canary', outcome: 'ok' })
    assert.deepEqual(lines().map((line) => ({ ...line, time: 0 })), [
      { level: 'info', time: 0, audit: 'call', request_id: 'r', tenant: 'acme', user: 'alice', credential_id: 'k1', server: 'notes', method: 'tools/call', tool: 'echo', outcome: 'error', code: 'GW_UPSTREAM_LOST', status: 200, duration_ms: 12.346, msg: 'call' },
      { level: 'info', time: 0, audit: 'call', method: 'resources/read', name: 'file:///x?token=[redacted]', outcome: 'ok', msg: 'call' }
    ])
  })

  test('names of any length and kind cost one short line', () => {
    const { logger, lines, pieces } = keeping()
    const audit = createAuditSink(logger)
    for (const name of ['x'.repeat(5_000_000), '\n\u001b[31m"}\n{"forged":1}', '\ud800']) audit.record({ event: 'call', method: 'tools/call', name, outcome: 'refused' })
    assert.equal(lines().length, 3)
    assert.ok(pieces.join('').length < 1500)
  })
})

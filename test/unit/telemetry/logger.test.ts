import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
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

  test('a process that exits at once leaves nothing behind in the buffer', async () => {
    const script = "const { createLogger } = await import('./src/telemetry/index.ts'); const l = createLogger({ level: 'info' }); for (let n = 0; n < 5000; n++) l.info({ n }, 'line'); process.exit(0)"
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'], cwd: process.cwd() })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    await once(child, 'close')
    const lines = text.trim().split('\n')
    assert.equal(lines.length, 5000)
    assert.equal((JSON.parse(lines[4999] ?? '') as { n: number }).n, 4999)
  })

  test('a reader that goes away does not end the process', async () => {
    const script = "const { createLogger } = await import('./src/telemetry/index.ts'); const l = createLogger({ level: 'info' }); let n = 0; const timer = setInterval(() => { l.info({ n: n++, pad: 'x'.repeat(20000) }, 'line'); if (n > 300) { clearInterval(timer); process.stderr.write('still here') } }, 1)"
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'], cwd: process.cwd() })
    let told = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => { told += chunk })
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = await once(child, 'close') as [number | null]
    assert.deepEqual([code, told], [0, 'still here'])
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

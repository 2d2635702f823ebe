/** Records on their way to a sink: none is lost while there is room, what is lost is said, and nothing is ever held up (T60, FR38). */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readHeadKey, StreamOutput } from '../../../src/audit/index.ts'
import type { AuditOutput } from '../../../src/audit/index.ts'
import { createAuditStream, keysFor } from '../../../src/redis/index.ts'
import { startRedis } from '../../helpers/redis.ts'
import { until } from '../../helpers/until.ts'
import { openStore, redisSettings } from '../redis/open-store.ts'
import { auditTo, call, fileAudit, folderOf, keyIn, linesOf, verifyTexts } from './chained.ts'

test('ten thousand records are ten thousand lines of one whole chain', async (t) => {
  const folder = folderOf(t)
  const key = keyIn(folder)
  const path = join(folder, 'audit.jsonl')
  const { audit, told } = fileAudit(t, path, key)
  for (let at = 0; at < 10_000; at++) {
    audit.record(call(`tool-${at}`))
    if (at % 500 === 0) await new Promise((resolve) => { setImmediate(resolve) })
  }
  await audit.close()
  const report = verifyTexts({ f: readFileSync(path, 'utf8') }, key)
  assert.deepEqual([report.records, report.problems, told.dropped], [10_000, [], 0])
  const names = linesOf(path).map((line) => (JSON.parse(line) as { tool?: string }).tool).filter((name) => name !== undefined)
  assert.deepEqual(names, Array.from({ length: 10_000 }, (_, at) => `tool-${at}`))
})

test('killed while it writes: the next start marks the gap and goes on, and everything whole is still held together', async (t) => {
  const folder = folderOf(t)
  const key = keyIn(folder)
  const path = join(folder, 'audit.jsonl')
  for (let round = 0; round < 3; round++) {
    const before = round === 0 ? 0 : statSync(path).size
    const writer = spawn(process.execPath, [fileURLToPath(new URL('./kill-writer.ts', import.meta.url)), path, folder], { stdio: 'inherit' })
    t.after(() => { writer.kill('SIGKILL') })
    await until('it has written', () => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > before + 100_000)
    writer.kill('SIGKILL')
    await once(writer, 'exit')
  }
  const { audit } = fileAudit(t, path, key)
  audit.record(call('after'))
  await audit.close()
  const report = verifyTexts({ f: readFileSync(path, 'utf8') }, key)
  assert.deepEqual([report.problems, report.chains], [[], 4])
})

test('half a line at the end of the file is closed off, and named as a gap', async (t) => {
  const folder = folderOf(t)
  const key = keyIn(folder)
  const path = join(folder, 'audit.jsonl')
  const first = fileAudit(t, path, key)
  first.audit.record(call('first'))
  await first.audit.close()

  const whole = readFileSync(path, 'utf8')
  const torn = whole.slice(0, -30)
  writeFileSync(path, torn)
  const second = fileAudit(t, path, key)
  second.audit.record(call('second'))
  await second.audit.close()
  const report = verifyTexts({ f: readFileSync(path, 'utf8') }, key)
  assert.deepEqual([report.problems, report.records, report.chains], [[], 2, 2])
  assert.ok(report.notices.some(({ message }) => message.includes('behind a gap')))
})

test('a disk that is full: records are dropped and counted, or calls told to wait; when there is room it goes on, whole (FR38)', async (t) => {
  const folder = folderOf(t)
  const run = async (whenFull: string): Promise<Record<string, unknown>> => {
    const disk = join(folder, `disk-${whenFull}`)
    const args = ['--dev-bind', '/', '/', '--size', '1048576', '--tmpfs', disk, process.execPath, fileURLToPath(new URL('./full-disk.ts', import.meta.url)), disk, folder, whenFull]

    mkdirSync(disk)
    return JSON.parse((await promisify(execFile)('bwrap', args)).stdout) as Record<string, unknown>
  }
  const [dropping, blocking] = [await run('drop'), await run('block')]
  for (const found of [dropping, blocking]) {
    assert.match(String(found['reason']), /ENOSPC/)
    assert.deepEqual([found['problems'], found['hasLast']], [[], true])
    assert.ok(Number(found['dropped']) > 0)
    assert.ok((found['notices'] as string[]).some((notice) => notice.includes(`${String(found['dropped'])} records were lost`)), JSON.stringify(found))
    assert.ok(Number(found['recordMs']) < 2000)
  }
  assert.equal(dropping['roomWhileFull'], undefined)
  assert.deepEqual([blocking['roomWhileFull'], blocking['roomAfter']], [false, 'at once'])
})

test('a file that was moved is left within a second, without being told; one that is there again is opened when told', async (t) => {
  const folder = folderOf(t)
  const key = keyIn(folder)
  const path = join(folder, 'audit.jsonl')
  const { audit } = fileAudit(t, path, key)
  audit.record(call('first'))
  await until('it is written', () => readFileSync(path, 'utf8').includes('first'))
  renameSync(path, `${path}.1`)
  await until('the new file is written', () => {
    audit.record(call('next'))
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  })
  await audit.close()
  assert.deepEqual(verifyTexts({ older: readFileSync(`${path}.1`, 'utf8'), newer: readFileSync(path, 'utf8') }, key).problems, [])
})

test('an output that takes a few bytes at a time, and another file in the middle of a line', async (t) => {
  const key = keyIn(folderOf(t))
  const files: Buffer[][] = [[]]
  let writes = 0
  const output: AuditOutput = {
    kind: 'file',
    open: async () => ({ tornBytes: 0 }),
    prepare: async () => {
      if (++writes !== 40) return false
      files.push([])
      return true
    },
    write: async (lines) => {
      if (writes % 7 === 0) throw new Error('not now')
      const some = lines.subarray(0, 50)
      files.at(-1)?.push(Buffer.from(some))
      return some.length
    },
    reopen () {},
    close: async () => {}
  }
  const { audit, told } = auditTo(t, output, key)
  for (let at = 0; at < 20; at++) audit.record(call(`tool-${at}`))
  await until('two files', () => files.length === 2)
  await until('all is written', () => /tool-19".*\n/.test(Buffer.concat(files[1] ?? []).toString()), 60_000)
  assert.ok(told.failing.length > 0)
  const [older = '', newer = ''] = files.map((pieces) => Buffer.concat(pieces).toString())
  const report = verifyTexts({ older, newer }, key)
  assert.deepEqual([report.records, report.problems], [20, []])
})

test('a Redis stream: every gateway\'s own chain; what was given up at its beginning is said to be', async (t) => {
  const redis = await startRedis({ args: ['--stream-node-max-entries', '10'] })
  t.after(async () => { await redis.stop() })
  const { store } = await openStore(t, redisSettings({ kind: 'single', host: redis.host, port: redis.port }))
  const key = keyIn(folderOf(t))
  const stream = createAuditStream(store, keysFor('db:'), 50)
  const two = [auditTo(t, new StreamOutput(stream), key), auditTo(t, new StreamOutput(stream), key)]
  for (let at = 0; at < 15; at++) for (const { audit } of two) audit.record(call(`tool-${at}`))
  await Promise.all(two.map(async ({ audit }) => { await audit.close() }))
  const all = verifyTexts({ stream: await recordsIn() }, key, { isTrimmed: true })
  assert.deepEqual([all.records, all.chains, all.problems], [30, 2, []])
  const more = auditTo(t, new StreamOutput(stream), key)
  for (let at = 0; at < 60; at++) more.audit.record(call(`more-${at}`))
  await more.audit.close()
  assert.ok(Number(await redis.cli('XLEN', 'db:{g:audit}:records')) < 80)
  assert.deepEqual(verifyTexts({ stream: await recordsIn() }, key, { isTrimmed: true }).problems, [])
  await redis.kill()
  const away = auditTo(t, new StreamOutput(stream), key, { whenFull: 'block' })
  away.audit.record(call('away'))
  await until('it fails', () => away.told.failing.length === 1)
  assert.equal(await away.audit.room?.(), false)
  await redis.start()
  await until('it can be written again', () => away.told.recovered === 1)
  await away.audit.close()
  assert.match(await recordsIn(), /"tool":"away"/)

  async function recordsIn (): Promise<string> {
    return (await redis.cli('XRANGE', 'db:{g:audit}:records', '-', '+')).split('\n').filter((line) => line.startsWith('{')).join('\n')
  }
})

test('no record holds an argument, but a hash that only the key can make', async (t) => {
  const folder = folderOf(t)
  const path = join(folder, 'audit.jsonl')
  const { audit } = fileAudit(t, path, keyIn(folder))
  const other = fileAudit(t, join(folder, 'other.jsonl'), keyIn(folderOf(t)))
  const hash = audit.hashOf?.({ name: 'x', arguments: { password: 'hunter22' } })
  assert.match(hash ?? '', /^[\w-]{22}$/)
  assert.equal(audit.hashOf?.({ arguments: { password: 'hunter22' } }), hash)
  assert.notEqual(audit.hashOf?.({ arguments: { password: 'hunter23' } }), hash)
  assert.notEqual(other.audit.hashOf?.({ arguments: { password: 'hunter22' } }), hash)
  assert.equal(audit.hashOf?.({ name: 'x' }), undefined)
  assert.equal(audit.hashOf?.(undefined), undefined)
  await Promise.all([audit.close(), other.audit.close()])
})

test('the key is made once, for its user only; another kind of key is refused', async (t) => {
  const folder = folderOf(t)
  const first = keyIn(folder)
  assert.equal(keyIn(folder).fingerprint, first.fingerprint)
  assert.equal(statSync(join(folder, 'audit.key')).mode & 0o777, 0o600)
  assert.match(readFileSync(join(folder, 'audit.pub'), 'utf8'), /BEGIN PUBLIC KEY/)

  const rsa = join(folder, 'rsa.pem')
  writeFileSync(rsa, generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }).privateKey)

  assert.throws(() => readHeadKey(rsa, folder), /no Ed25519 key/)
})

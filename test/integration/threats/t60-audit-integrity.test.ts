/** T60: the audit says what was done, once each, and nobody can change that unseen. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { officialServer } from '../../helpers/programs.ts'
import { until } from '../../helpers/until.ts'

const launcher = fileURLToPath(new URL('../../../bin/drawbridge.mjs', import.meta.url))
const CALLS = 10_000

interface Verified { readonly code: number, readonly text: string }

async function verify (...args: string[]): Promise<Verified> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [launcher, 'audit', 'verify', ...args], (error, stdout, stderr) => { resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr }) })
  })
}

async function folderOf (t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-t60-'))
  t.after(async () => { await rm(folder, { recursive: true, force: true }) })
  return folder
}

async function gatewayTo (t: TestContext, folder: string, sink: Record<string, unknown> = { type: 'file', path: join(folder, 'audit.jsonl') }, audit: Record<string, unknown> = {}): Promise<TestGateway> {
  const gateway = await startGateway({
    config: {
      mcpServers: { everything: officialServer('everything') },
      limits: { callsPerMinute: 1_000_000 },
      stateDir: join(folder, 'state'),
      audit: { sinks: [sink], ...audit }
    }
  })
  t.after(async () => { await gateway.stop() })
  return gateway
}

test('10 000 calls are 10 000 records; an altered one is named', async (t) => {
  const folder = await folderOf(t)
  const file = join(folder, 'audit.jsonl')
  const key = join(folder, 'state', 'audit.pub')
  const gateway = await gatewayTo(t, folder)
  const wire = gateway.wire('alice', 'everything')
  await wire.open()
  let next = 0
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (next < CALLS) {
      const message = `canary-${next++}`
      const answer = await wire.call('echo', { message })
      assert.match(JSON.stringify(answer.result), new RegExp(message))
    }
  }))
  // A lone call that is refused has its record too.
  await wire.call('no-such-tool')
  assert.equal(await gateway.stop(), 0)
  const text = await readFile(file, 'utf8')
  const lines = text.split('\n').slice(0, -1)
  const calls = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ audit, tool }) => audit === 'call' && tool === 'echo')
  assert.equal(calls.length, CALLS)
  assert.equal(new Set(calls.map(({ arguments_hash: hash }) => hash)).size, CALLS)
  assert.equal(new Set(calls.map(({ request_id: id }) => id)).size, CALLS)
  assert.ok(calls.every(({ tenant, user, server, outcome }) => tenant === 'acme' && user === 'alice' && server === 'everything' && outcome === 'ok'))
  assert.ok(!text.includes('canary-'))
  const whole = await verify(file, '--key', key)
  assert.deepEqual([whole.code, /Nothing was altered/.test(whole.text)], [0, true], whole.text)
  const forged = join(folder, 'forged.jsonl')
  await writeFile(forged, text.replace(lines[5000] ?? '', (lines[5000] ?? '').replace('alice', 'carol')))
  const altered = await verify(forged, '--key', key)
  assert.equal(altered.code, 1)
  assert.match(altered.text, /NOT INTACT: .*forged\.jsonl:5001 was altered\./)
})

test('killed in the middle: the next gateway goes on in the same file, and all of it verifies', async (t) => {
  const folder = await folderOf(t)
  const file = join(folder, 'audit.jsonl')
  const first = await gatewayTo(t, folder)
  const wire = first.wire('alice', 'everything')
  await wire.open()
  const load = Promise.allSettled(Array.from({ length: 2000 }, async (_, at) => await wire.call('echo', { message: `${at}` })))
  await until('records are being written', async () => (await readFile(file, 'utf8')).includes('"audit":"call"'))
  first.kill('SIGKILL')
  await first.exited
  await load
  const second = await gatewayTo(t, folder)
  const again = second.wire('alice', 'everything')
  await again.open()
  await again.call('echo', { message: 'after' })
  assert.equal(await second.stop(), 0)
  const found = await verify(file, '--key', join(folder, 'state', 'audit.pub'))
  assert.equal(found.code, 0, found.text)
  assert.match(found.text, /in 2 chains/)
  assert.match(found.text, /was not closed/)
})

test('a sink that takes nothing: with drop calls go on and the loss is counted, with block they are refused (FR38)', async (t) => {
  const dropping = await gatewayTo(t, await folderOf(t), { type: 'file', path: '/dev/full' })
  const wire = dropping.wire('alice', 'everything')
  await wire.open()
  assert.equal((await wire.call('echo', { message: 'on' })).error, undefined)
  await until('it is said', () => dropping.logs().some(({ event }) => event === 'audit_failing'))
  assert.equal((await wire.call('echo', { message: 'on' })).error, undefined)
  const health = await (await fetch(`${dropping.url}/health`)).json() as { status: string, checks: Record<string, { status: string }> }
  assert.deepEqual([health.status, health.checks['audit']?.status], ['degraded', 'degraded'])

  const blocking = await gatewayTo(t, await folderOf(t), { type: 'file', path: '/dev/full' }, { whenFull: 'block' })
  await until('it is said', () => blocking.logs().some(({ event }) => event === 'audit_failing'))
  const refused = await blocking.wire('alice', 'everything').post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })
  assert.equal(refused.status, 503)
  assert.equal(refused.headers['retry-after'], '2')
  assert.equal((await fetch(`${blocking.url}/ready`)).status, 200)
})

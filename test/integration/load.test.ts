/** `npm run load` against a real gateway: the Node runner goes through a scenario, counts, judges and says so by its exit code. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { STEPS } from '../../load/journey.ts'
import type { Summary } from '../../load/summary.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { metricOf } from '../helpers/metrics.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

const program = fileURLToPath(new URL('../../load/run.ts', import.meta.url))
const CALLS = [{ server: 'one', tool: 'echo', arguments: { text: 'load' } }, { server: 'two', tool: 'echo', arguments: { text: 'load' } }]

describe('npm run load', () => {
  let gateway: TestGateway
  let limited: TestGateway
  let dir: string
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drawbridge-load-test-'))
    const mcpServers = { one: probe(), two: probe() }
    ;[gateway, limited] = await Promise.all([
      startGateway({ users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }], config: { mcpServers, limits: roomyLimits } }),
      startGateway({ config: { mcpServers, limits: { ...roomyLimits, callsPerMinute: 7 } } })
    ])
    await writeFile(join(dir, 'calls.json'), JSON.stringify(CALLS))
    await writeFile(join(dir, 'keys'), `# two users\n${gateway.keyOf('alice').text}\n${gateway.keyOf('bob').text}\n`)
    await writeFile(join(dir, 'limited'), limited.keyOf('alice').text)
  })
  after(async () => {
    await Promise.all([gateway.stop(), limited.stop()])
    await rm(dir, { recursive: true, force: true })
  })

  /** Exit code, output, and the summary if one was written. */
  const load = (url: string, keys: string, ...args: string[]) => new Promise<{ code: number, stdout: string, stderr: string, summary: Summary | undefined }>((resolve) => {
    const out = join(dir, `${Math.random()}.json`)
    const all = [program, '--url', url, '--keys-file', join(dir, keys), '--calls', join(dir, 'calls.json'), '--out', out, ...args]
    // Without a PATH there is no k6, whatever this machine has.
    execFile(process.execPath, all, { env: { ...process.env, PATH: '' } }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code)
      readFile(out, 'utf8').then((text) => JSON.parse(text) as Summary, () => undefined).then((summary) => resolve({ code, stdout, stderr, summary }), () => undefined)
    })
  })

  it('holds: each kind of request was made, each answer was right, and the exit code is 0', async () => {
    const { code, stdout, stderr, summary } = await load(gateway.url, 'keys', '--scenario', 'users50', '--users', '4', '--seconds', '2', '--p95-ms', '30000')
    assert.equal(code, 0, stdout + stderr)
    assert.ok(summary)
    assert.deepEqual([summary.runner, summary.ok, summary.failed, summary.users], ['node', true, 0, 4])
    assert.ok(summary.journeys >= 4 && summary.journeysDone === summary.journeys, JSON.stringify(summary))
    assert.deepEqual(summary.steps.map(({ name }) => name), STEPS)
    for (const { name, requests } of summary.steps) assert.equal(requests, summary.journeys * (name.endsWith('tools/call') ? CALLS.length : 1), name)
    assert.match(stdout, /ok +p95Ms/)
    assert.ok(!(stdout + stderr).includes(gateway.keyOf('alice').text), 'a key is in the output')
  })

  it('closes what it opened: no session is left', async () => {
    await load(gateway.url, 'keys', '--scenario', 'smoke', '--seconds', '0.5', '--p95-ms', '30000')
    assert.equal(await metricOf(gateway, 'sessions_open'), 0)
  })

  it('a threshold that does not hold is exit code 1, and the line says which', async () => {
    const { code, stdout, summary } = await load(gateway.url, 'keys', '--scenario', 'smoke', '--seconds', '1', '--p95-ms', '0.001')
    assert.equal(code, 1)
    assert.match(stdout, /FAIL p95Ms/)
    assert.equal(summary?.ok, false)
    assert.deepEqual(summary.thresholds.filter(({ ok }) => !ok).map(({ name }) => name), ['p95Ms'])
  })

  it('answers that are refused are failures, and those of a limit are counted by themselves', async () => {
    const { code, summary } = await load(limited.url, 'limited', '--scenario', 'smoke', '--seconds', '2', '--p95-ms', '30000')
    assert.equal(code, 1)
    assert.ok(summary)
    assert.ok(summary.limited > 0 && summary.failed >= summary.limited, JSON.stringify(summary))
    assert.ok(summary.thresholds.some(({ name, ok }) => name === 'errorShare' && !ok))
    assert.ok(summary.faults.some(({ what }) => what.includes('429') || what.includes('42901')), JSON.stringify(summary.faults))
  })

  it('goes on with Node where k6 is wanted and not there, and says so', async () => {
    const { code, stderr, summary } = await load(gateway.url, 'keys', '--scenario', 'smoke', '--seconds', '0.5', '--p95-ms', '30000', '--runner', 'k6')
    assert.deepEqual([code, summary?.runner], [0, 'node'])
    assert.match(stderr, /k6 is not on PATH/)
  })

  it('is not run with a key that does not work, or against nobody', async () => {
    await writeFile(join(dir, 'wrong'), 'db_nobody_nothing')
    const refused = await load(gateway.url, 'wrong', '--scenario', 'smoke')
    assert.deepEqual([refused.code, refused.summary], [2, undefined])
    assert.match(refused.stderr, /key 1: initialize: HTTP 401/)
    const nobody = await load('http://127.0.0.1:1', 'keys', '--scenario', 'smoke')
    assert.equal(nobody.code, 2)
    assert.match(nobody.stderr, /ECONNREFUSED/)
  })
})

/** The k6 scripts are what k6 would load: each parses, and asks for what load/scenarios.ts says. k6 itself is not needed here. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { before, describe, it } from 'node:test'
import { DEFAULT_CALLS } from '../../../load/calls.ts'
import { STEPS } from '../../../load/journey.ts'
import { SCENARIOS } from '../../../load/scenarios.ts'
import type { Summary } from '../../../load/summary.ts'

/** What k6 reads of a script. */
interface Script {
  readonly options: {
    readonly scenarios: Readonly<Record<string, { readonly executor: string, readonly startVUs: number, readonly stages: ReadonlyArray<{ readonly target: number, readonly duration: string }>, readonly exec: string }>>
    readonly thresholds: Readonly<Record<string, readonly string[]>>
    readonly insecureSkipTLSVerify: boolean
  }
  readonly setup: () => void
  readonly handleSummary: (data: unknown) => Record<string, string>
  readonly default: () => void
}

interface Sent { readonly method: string, readonly url: string, readonly body: string | null, readonly authorization: string | undefined }

const folder = new URL('../../../load/k6/', import.meta.url)
const k6 = globalThis as typeof globalThis & Record<'__ENV' | '__VU' | 'open' | 'k6Answers' | 'k6Added', unknown>
const sent: Sent[] = []

before(() => {
  registerHooks({
    resolve: (specifier, context, next) => {
      const module = /^k6(?:\/(http|metrics))?$/.exec(specifier)
      return module === null ? next(specifier, context) : next(new URL(`../../fixtures/k6/${module[1] ?? 'k6'}.mjs`, import.meta.url).href, context)
    }
  })
  k6.__ENV = { LOAD_URL: 'https://gateway.test/', LOAD_KEYS_FILE: 'keys', LOAD_INSECURE: 'true' }
  k6.__VU = 2
  k6.open = () => 'db_one\n# a remark\n\ndb_two\n'
  k6.k6Answers = answer
})

const scriptOf = async (name: string): Promise<Script> => await import(new URL(`${name}.js`, folder).href) as Script

/** Answers as a gateway would, session requests as events. */
function answer (method: string, url: string, body: string | null, { headers }: { readonly headers: Record<string, string> }): unknown {
  sent.push({ method, url, body, authorization: headers['authorization'] })
  const message = JSON.parse(body ?? '{}') as { id?: number, method?: string }
  const reply = (status: number, text: string, own: Record<string, string> = {}): unknown => ({ status, body: text, headers: { 'Content-Type': 'application/json', ...own }, timings: { duration: 3 }, error: '' })
  if (url.endsWith('/batch')) return reply(200, JSON.stringify(DEFAULT_CALLS.map(() => ({ ok: true }))))
  if (method === 'DELETE') return reply(204, '')
  if (message.id === undefined) return reply(202, '')
  const text = JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { tools: DEFAULT_CALLS.map(({ server, tool }) => ({ name: `${server}__${tool}` })) } })
  return message.method === 'initialize' ? reply(200, text, { 'Mcp-Session-Id': 's1' }) : reply(200, `id: 1\ndata: ${text}\n\n`, { 'Content-Type': 'text/event-stream' })
}

describe('load/k6', () => {
  it('has a script for each scenario, and no other', () => {
    const scripts = readdirSync(folder).filter((name) => name !== 'create.js')
    assert.deepEqual(scripts.sort(), Object.keys(SCENARIOS).map((name) => `${name}.js`).sort())
  })

  for (const [name, { startUsers, stages, thresholds }] of Object.entries(SCENARIOS)) {
    it(`${name}.js asks k6 for the stages and thresholds of the scenario`, async () => {
      const { options, default: user } = await scriptOf(name)
      const { executor, startVUs, stages: asked, exec } = options.scenarios[name] ?? assert.fail('no scenario')
      assert.deepEqual([executor, startVUs, exec, typeof user], ['ramping-vus', startUsers, 'default', 'function'])
      assert.deepEqual(asked, stages.map(({ users, seconds }) => ({ target: users, duration: `${seconds}s` })))
      assert.deepEqual(options.thresholds['mcp_took'], [`p(95)<=${thresholds.p95Ms}`])
      assert.deepEqual(options.thresholds['mcp_failed'], [`rate<=${thresholds.errorShare}`])
      assert.deepEqual(options.thresholds['mcp_done'], [`rate>=${thresholds.doneShare}`])
      assert.equal(options.insecureSkipTLSVerify, true)
    })
  }

  it('warms every key up without counting it; a user goes through the whole journey with the key of their number', async () => {
    const { setup, default: user } = await scriptOf('smoke')
    sent.length = 0
    setup()
    assert.deepEqual([...new Set(sent.map(({ authorization }) => authorization))], ['Bearer db_one', 'Bearer db_two'])
    assert.ok(!('k6Added' in globalThis))
    sent.length = 0
    user()
    assert.equal(sent.length, 5 + 2 * DEFAULT_CALLS.length)
    assert.ok(sent.every(({ authorization, url }) => authorization === 'Bearer db_two' && url.startsWith('https://gateway.test/')))
    const added = k6.k6Added as ReadonlyArray<{ name: string, value: unknown, tags?: { step: string } }>
    assert.deepEqual(added.filter(({ name }) => name === 'mcp_failed').map(({ value }) => value), sent.map(() => false))
    assert.deepEqual([...new Set(added.filter(({ name }) => name === 'mcp_took').map(({ tags }) => tags?.step))], STEPS)
    assert.deepEqual(added.at(-1), { name: 'mcp_done', value: true, tags: undefined })
  })

  it('a key that is refused ends the run before it is measured', async () => {
    k6.k6Answers = () => ({ status: 401, body: '', headers: {}, timings: { duration: 1 }, error: '' })
    assert.throws((await scriptOf('smoke')).setup, /key 1: initialize: HTTP 401/)
    k6.k6Answers = answer
  })

  it("makes the Node runner's summary of k6's figures", async () => {
    const { handleSummary } = await scriptOf('users50')
    const rate = (passes: number, fails: number): unknown => ({ values: { passes, fails } })
    const metrics = {
      mcp_took: { values: { 'p(50)': 5, 'p(95)': 700, 'p(99)': 900, max: 950 } },
      mcp_failed: rate(1, 99),
      mcp_done: rate(9, 1),
      mcp_limited: { values: { count: 1 } },
      vus_max: { values: { max: 50 } },
      'mcp_failed{step:initialize}': rate(1, 9),
      'mcp_took{step:initialize}': { values: { 'p(95)': 12 } }
    }
    k6.__ENV = { ...k6.__ENV as object, LOAD_SUMMARY_FILE: 'out.json' }
    const { 'out.json': text = '' } = handleSummary({ metrics, state: { testRunDurationMs: 30_000 } })
    const summary = JSON.parse(text) as Summary
    assert.deepEqual([summary.requests, summary.failed, summary.limited, summary.journeys, summary.journeysDone, summary.users], [100, 1, 1, 10, 9, 50])
    assert.deepEqual(summary.steps[0], { name: 'initialize', requests: 10, failed: 1, p95Ms: 12 })
    assert.deepEqual(summary.thresholds.map(({ ok }) => ok), [false, false, false])
    assert.equal(summary.ok, false)
  })
})

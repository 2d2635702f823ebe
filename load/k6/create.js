// What the scripts of all scenarios share: the scenario, the journey and the judgement are those of the Node runner.
//
// Reads the environment (npm run load sets it; so can you: `LOAD_URL=… LOAD_KEYS_FILE=… k6 run load/k6/smoke.js`):
//   LOAD_URL           where the gateway is reached
//   LOAD_KEYS_FILE     API keys, one a line; an absolute path, or one relative to this file
//   LOAD_CALLS_FILE    which tools are called, optional
//   LOAD_SECONDS, LOAD_USERS, LOAD_P95_MS, LOAD_INSECURE, LOAD_SUMMARY_FILE    as the options of npm run load
import { check, fail, sleep } from 'k6'
import http from 'k6/http'
import { Counter, Rate, Trend } from 'k6/metrics'
/* global __ENV, __VU, open */
import { callsOf, DEFAULT_CALLS } from '../calls.ts'
import { journey, STEPS } from '../journey.ts'
import { LINGER_SECONDS, scenarioOf } from '../scenarios.ts'
import { describe, judge } from '../summary.ts'

const url = (__ENV.LOAD_URL ?? '').replace(/\/$/, '')
const keys = linesOf(open(__ENV.LOAD_KEYS_FILE ?? ''))
const calls = __ENV.LOAD_CALLS_FILE ? callsOf(open(__ENV.LOAD_CALLS_FILE)) : DEFAULT_CALLS
const TREND = ['p(50)', 'p(95)', 'p(99)', 'max', 'count']

/** From sending a request to the end of its answer. In milliseconds. */
const took = new Trend('mcp_took', true)
/** Requests whose answer was not what was asked for. */
const failed = new Rate('mcp_failed')
/** Requests that a limit refused (429). */
const limited = new Counter('mcp_limited')
/** Journeys without a fault. */
const done = new Rate('mcp_done')

function linesOf (text) {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
}

function send (step, key) {
  const answer = http.request(step.method, url + step.path, step.body, { headers: { ...step.headers, authorization: `Bearer ${key}` }, tags: { name: step.name }, timeout: '60s' })
  const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { reply: { status: answer.status, headers, body: answer.body ?? '' }, error: answer.error, tookMs: answer.timings.duration }
}

/** Goes through one journey. @returns the first thing that was wrong */
function travel (key, count) {
  let first
  const steps = journey(calls)
  for (let turn = steps.next(); !turn.done;) {
    const step = turn.value
    const { reply, error, tookMs } = send(step, key)
    const fault = reply.status === 0 ? error : step.fault(reply)
    count?.(step, reply, fault, tookMs)
    first ??= fault === undefined ? undefined : `${step.name}: ${fault}`
    turn = steps.next(reply)
  }
  return first
}

function countStep (step, reply, fault, tookMs) {
  const tags = { step: step.name }
  took.add(tookMs, tags)
  failed.add(fault !== undefined, tags)
  limited.add(reply.status === 429 ? 1 : 0)
  check(null, { [step.name]: () => fault === undefined })
}

/** The exports of one scenario's script. */
export function create (name) {
  const changes = { seconds: numberOf(__ENV.LOAD_SECONDS), users: numberOf(__ENV.LOAD_USERS), p95Ms: numberOf(__ENV.LOAD_P95_MS) }
  const scenario = scenarioOf(name, changes)
  return {
    options: optionsOf(name, scenario),
    /** One journey for each key, uncounted: starting a user's workers is another question. */
    setup () {
      for (const [index, key] of keys.entries()) {
        const fault = travel(key)
        if (fault !== undefined) fail(`key ${index + 1}: ${fault}`)
      }
    },
    user () {
      done.add(travel(keys[(__VU - 1) % keys.length], countStep) === undefined)
      sleep(scenario.pauseMs / 1000)
    },
    handleSummary (data) {
      const summary = judge(figuresOf(name, data), scenario)
      const files = __ENV.LOAD_SUMMARY_FILE ? { [__ENV.LOAD_SUMMARY_FILE]: JSON.stringify(summary) } : { stdout: describe(summary) }
      return files
    }
  }
}

function numberOf (text) {
  return text ? Number(text) : undefined
}

function optionsOf (name, { startUsers, stages, thresholds: { p95Ms, errorShare, doneShare } }) {
  return {
    scenarios: {
      [name]: {
        executor: 'ramping-vus',
        startVUs: startUsers,
        stages: stages.map(({ users, seconds }) => ({ target: users, duration: `${seconds}s` })),
        gracefulRampDown: `${LINGER_SECONDS}s`,
        gracefulStop: `${LINGER_SECONDS}s`,
        exec: 'default'
      }
    },
    thresholds: {
      mcp_took: [`p(95)<=${p95Ms}`],
      mcp_failed: [`rate<=${errorShare}`],
      mcp_done: [`rate>=${doneShare}`],
      checks: [`rate>=${1 - errorShare}`],
      // Without a threshold k6 keeps no figures of a tag; these always hold.
      ...Object.fromEntries(STEPS.flatMap((step) => [[`mcp_took{step:${step}}`, ['p(95)>=0']], [`mcp_failed{step:${step}}`, ['rate>=0']]]))
    },
    summaryTrendStats: TREND,
    insecureSkipTLSVerify: __ENV.LOAD_INSECURE === 'true',
    setupTimeout: '300s',
    userAgent: 'drawbridge-load'
  }
}

function figuresOf (name, { metrics, state }) {
  const trend = metrics.mcp_took?.values ?? {}
  const rate = (metric) => metrics[metric]?.values ?? { passes: 0, fails: 0 }
  // Of a rate, `passes` are the additions of true.
  const journeys = rate('mcp_done')
  const faults = rate('mcp_failed')
  return {
    runner: 'k6',
    scenario: name,
    url,
    seconds: state.testRunDurationMs / 1000,
    users: metrics.vus_max?.values.max ?? 0,
    journeys: journeys.passes + journeys.fails,
    journeysDone: journeys.passes,
    requests: faults.passes + faults.fails,
    failed: faults.passes,
    limited: metrics.mcp_limited?.values.count ?? 0,
    latencyMs: { p50: trend['p(50)'] ?? 0, p95: trend['p(95)'] ?? 0, p99: trend['p(99)'] ?? 0, max: trend.max ?? 0 },
    steps: STEPS.map((step) => {
      const own = rate(`mcp_failed{step:${step}}`)
      return { name: step, requests: own.passes + own.fails, failed: own.passes, p95Ms: metrics[`mcp_took{step:${step}}`]?.values['p(95)'] ?? 0 }
    }),
    faults: []
  }
}

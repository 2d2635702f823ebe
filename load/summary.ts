/** What a run comes to: the same figures from both runners, and whether the thresholds hold. Uses neither Node nor k6. */
import type { Scenario } from './scenarios.ts'

/** Figures of one kind of request. */
export interface StepFigures {
  readonly name: string
  readonly requests: number
  readonly failed: number
  readonly p95Ms: number
}

/** Figures of a run, before anybody judges them. */
export interface Figures {
  readonly runner: 'node' | 'k6'
  readonly scenario: string
  readonly url: string
  readonly seconds: number
  /** Most virtual users at once. */
  readonly users: number
  /** Journeys that were ended, and those of them without a fault. */
  readonly journeys: number
  readonly journeysDone: number
  readonly requests: number
  readonly failed: number
  /** Of the failed ones, those that a limit refused (429): the keys are too few, or their limits too low for this load. */
  readonly limited: number
  /** From sending a request to the end of its answer. */
  readonly latencyMs: { readonly p50: number, readonly p95: number, readonly p99: number, readonly max: number }
  readonly steps: readonly StepFigures[]
  /** What was wrong, and how often; the most frequent first. k6 counts without telling these apart. */
  readonly faults: ReadonlyArray<{ readonly what: string, readonly count: number }>
}

/** One threshold, and what came of it. */
export interface Verdict {
  readonly name: string
  readonly limit: number
  readonly actual: number
  readonly ok: boolean
}

export interface Summary extends Figures {
  readonly thresholds: readonly Verdict[]
  /** All thresholds hold. */
  readonly ok: boolean
}

/** Holds figures to the thresholds of their scenario. A run without a single journey has proved nothing. */
export function judge (figures: Figures, { thresholds }: Scenario): Summary {
  const { requests, failed, journeys, journeysDone, latencyMs } = figures
  const share = (part: number, whole: number, ifNone: number): number => whole === 0 ? ifNone : part / whole
  const atMost = (name: string, limit: number, actual: number): Verdict => ({ name, limit, actual, ok: actual <= limit })
  const errorShare = share(failed, requests, 1)
  const doneShare = share(journeysDone, journeys, 0)
  const verdicts = [
    atMost('p95Ms', thresholds.p95Ms, latencyMs.p95),
    atMost('errorShare', thresholds.errorShare, errorShare),
    { name: 'doneShare', limit: thresholds.doneShare, actual: doneShare, ok: doneShare >= thresholds.doneShare }
  ]
  return { ...figures, thresholds: verdicts, ok: verdicts.every(({ ok }) => ok) }
}

/** A summary as text for a terminal. */
export function describe (summary: Summary): string {
  const { latencyMs: { p50, p95, p99, max } } = summary
  const perSecond = summary.seconds === 0 ? 0 : summary.requests / summary.seconds
  return [
    `${summary.scenario} against ${summary.url} with ${summary.runner}: ${summary.users} users, ${summary.seconds.toFixed(1)} s`,
    `  journeys ${summary.journeys}, without a fault ${summary.journeysDone}`,
    `  requests ${summary.requests} (${perSecond.toFixed(1)}/s), failed ${summary.failed}, of these refused by a limit ${summary.limited}`,
    `  answered after p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}, at most ${ms(max)}`,
    '',
    ...summary.steps.map((step) => `  ${step.name.padEnd(18)} ${String(step.requests).padStart(8)} requests ${String(step.failed).padStart(6)} failed   p95 ${ms(step.p95Ms)}`),
    ...(summary.faults.length === 0 ? [] : ['', ...summary.faults.map(({ what, count }) => `  ${String(count).padStart(8)} x ${what}`)]),
    '',
    ...summary.thresholds.map(({ name, limit, actual, ok }) => `  ${ok ? 'ok  ' : 'FAIL'} ${name} ${rounded(actual)}, limit ${rounded(limit)}`),
    ''
  ].join('\n')
}

function ms (value: number): string {
  return `${value.toFixed(1)} ms`
}

function rounded (value: number): string {
  return String(Math.round(value * 10_000) / 10_000)
}

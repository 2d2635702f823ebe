import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { STEPS, type StepName } from '../journey.ts'
import type { Figures } from '../summary.ts'

/** Most kinds of faults that are told apart; a soak that goes wrong shall not fill memory with texts. */
const MOST_FAULTS = 50

interface StepTally { readonly took: RecordableHistogram, failed: number }

/** Counts a run. Its size does not grow with the run: latencies go into histograms of three digits. */
export class Tally {
  readonly #all = createHistogram()
  readonly #steps = new Map<StepName, StepTally>(STEPS.map((name) => [name, { took: createHistogram(), failed: 0 }]))
  readonly #faults = new Map<string, number>()
  #journeys = 0
  #done = 0
  #failed = 0
  #limited = 0

  /** One request: how long it took, and what was wrong with its answer. */
  request (name: StepName, tookMs: number, status: number, fault: string | undefined): void {
    const step = this.#steps.get(name)
    // Histograms count whole numbers: microseconds.
    const micros = Math.max(1, Math.round(tookMs * 1000))
    this.#all.record(micros)
    step?.took.record(micros)
    if (fault === undefined) return
    this.#failed++
    if (status === 429) this.#limited++
    if (step !== undefined) step.failed++
    this.fault(`${name}: ${fault}`)
  }

  /** Something that went wrong beside a request. */
  fault (what: string): void {
    if (!this.#faults.has(what) && this.#faults.size >= MOST_FAULTS) return
    this.#faults.set(what, (this.#faults.get(what) ?? 0) + 1)
  }

  journey (done: boolean): void {
    this.#journeys++
    if (done) this.#done++
  }

  /** @param run what the tally cannot know */
  figures (run: Pick<Figures, 'scenario' | 'url' | 'seconds' | 'users'>): Figures {
    return {
      runner: 'node',
      ...run,
      journeys: this.#journeys,
      journeysDone: this.#done,
      requests: this.#all.count,
      failed: this.#failed,
      limited: this.#limited,
      latencyMs: { p50: percentileMs(this.#all, 50), p95: percentileMs(this.#all, 95), p99: percentileMs(this.#all, 99), max: percentileMs(this.#all, 100) },
      steps: [...this.#steps].map(([name, { took, failed }]) => ({ name, requests: took.count, failed, p95Ms: percentileMs(took, 95) })),
      faults: [...this.#faults].map(([what, count]) => ({ what, count })).sort((a, b) => b.count - a.count)
    }
  }
}

function percentileMs (histogram: RecordableHistogram, percent: number): number {
  return histogram.count === 0 ? 0 : histogram.percentile(percent) / 1000
}

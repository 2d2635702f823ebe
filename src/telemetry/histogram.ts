import type { Observe } from './types.ts'

/** A value as prom-client's registry writes it out. */
interface Exported { readonly metricName: string, readonly labels: Readonly<Record<string, string | number>>, readonly value: number }

/** What is exported of one histogram; the shape that prom-client's registry asks its metrics for. */
interface ExportedHistogram {
  readonly name: string
  readonly help: string
  readonly type: 'histogram'
  readonly aggregator: 'sum'
  readonly values: readonly Exported[]
}

/**
 * A histogram that prom-client's registry exposes like its own. Its own builds objects, checks labels and hashes them at every
 * value, which cost each call more than counting it; here the labels are bound once.
 */
export class BoundHistogram {
  readonly name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #cells: BucketCell[] = []

  /** @param bounds upper ends of the buckets, ascending; what is larger than the last is counted in `+Inf` */
  constructor (name: string, help: string, bounds: readonly number[]) {
    this.name = name
    this.#help = help
    this.#bounds = bounds
  }

  /** The buckets of one set of labels; to be called once for each. */
  labels (labels: Readonly<Record<string, string>>): Observe {
    const cell = new BucketCell(labels, this.#bounds)
    this.#cells.push(cell)
    return cell
  }

  get (): Promise<ExportedHistogram> {
    return Promise.resolve({ name: this.name, help: this.#help, type: 'histogram', aggregator: 'sum', values: this.#cells.flatMap((cell) => cell.exported(this.name)) })
  }

  reset (): void {
    for (const cell of this.#cells) cell.reset()
  }
}

class BucketCell implements Observe {
  readonly #labels: Readonly<Record<string, string>>
  readonly #bounds: readonly number[]
  /** One more than bounds: the last is for what lies above all of them. */
  readonly #counts: number[]
  #sum = 0

  constructor (labels: Readonly<Record<string, string>>, bounds: readonly number[]) {
    this.#labels = labels
    this.#bounds = bounds
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe (value: number): void {
    if (!Number.isFinite(value)) return
    let at = 0
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at++
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.#sum += value
  }

  /** Prometheus' buckets are cumulative. */
  exported (name: string): Exported[] {
    let count = 0
    const buckets = this.#counts.map((own, at) => {
      count += own
      return { metricName: `${name}_bucket`, labels: { le: this.#bounds[at] ?? '+Inf', ...this.#labels }, value: count }
    })
    return [...buckets, { metricName: `${name}_sum`, labels: this.#labels, value: this.#sum }, { metricName: `${name}_count`, labels: this.#labels, value: count }]
  }

  reset (): void {
    this.#counts.fill(0)
    this.#sum = 0
  }
}

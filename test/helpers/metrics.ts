import type { TestGateway } from './gateway.ts'

/** Who is asked, and as whom. */
export interface MetricsOptions {
  /** For a management listener that wants one. */
  readonly token?: string
  readonly signal?: AbortSignal
}

/**
 * A reading of a gateway's /metrics: by a metric's name without its prefix, the sum over all its series that have these labels.
 * Undefined = there is no such series.
 */
export type Metrics = (name: string, labels?: Readonly<Record<string, string>>) => number | undefined

/** Reads them all at once. */
export async function metricsOf ({ managementUrl }: Pick<TestGateway, 'managementUrl'>, { token, signal }: MetricsOptions = {}): Promise<Metrics> {
  const answer = await fetch(`${managementUrl}/metrics`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` }, ...(signal === undefined ? {} : { signal }) })
  const page = await answer.text()
  if (answer.status !== 200) throw new Error(`/metrics answers ${answer.status}: ${page}`)
  return (name, labels = {}) => {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    const values = [...page.matchAll(new RegExp(`^drawbridge_${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))]
      .filter(([, found = '']) => wanted.every((label) => `,${found},`.includes(`,${label},`)))
      .map(([, , value]) => Number(value))
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0)
  }
}

/** One of them. */
export async function metricOf (gateway: Pick<TestGateway, 'managementUrl'>, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
  return (await metricsOf(gateway))(name, labels)
}

import type { createGateway } from '../src/gateway/index.ts'
import type { Settings } from '../src/shared/settings.ts'
import type { Count, Observe, Telemetry } from '../src/telemetry/index.ts'

type Events = Parameters<typeof createGateway>[0]['events']

/**
 * Counts the calls of the hot path: handles are looked up by what is at hand, neither bound anew nor by a joined key. The maps
 * only grow, by what the configuration names and by the one name `other` stands for.
 */
export function createCallMeter (telemetry: Telemetry): Required<Pick<Events, 'call' | 'used'>> {
  const servers = new Map<string, { readonly seconds: Observe, readonly counts: Map<string, Map<string, Count>> }>()
  const tenants = new Map<string, Map<string, Count>>()
  return {
    call (server, method, outcome, durationMs) {
      let meter = servers.get(server)
      if (meter === undefined) servers.set(server, meter = { seconds: telemetry.observe('call_seconds', { server }), counts: new Map() })
      let byOutcome = meter.counts.get(method)
      if (byOutcome === undefined) meter.counts.set(method, byOutcome = new Map())
      let count = byOutcome.get(outcome)
      if (count === undefined) byOutcome.set(outcome, count = telemetry.count('calls_total', { server, method, outcome }))
      count.inc()
      meter.seconds.observe(durationMs / 1000)
    },
    used (tenant, outcome) {
      let byOutcome = tenants.get(tenant)
      if (byOutcome === undefined) {
        // Tenants that only a token names are a caller's words: they share one entry (T59).
        const known = telemetry.allows('tenant', tenant) ? tenant : ''
        byOutcome = tenants.get(known)
        if (byOutcome === undefined) tenants.set(known, byOutcome = new Map())
      }
      let count = byOutcome.get(outcome)
      if (count === undefined) byOutcome.set(outcome, count = telemetry.count('tenant_calls_total', { tenant, outcome }))
      count.inc()
    }
  }
}

/** Tenants that a configuration names, each once: its own list, and those of API keys and issuers. */
export function tenantsOf ({ tenants, auth }: Pick<Settings, 'tenants' | 'auth'>): ReadonlySet<string> {
  return new Set<string>([
    ...tenants?.keys() ?? [],
    ...auth.apiKeys.map(({ tenant }) => tenant),
    ...[...auth.jwt, ...auth.introspection ?? []].flatMap(({ tenant, tenants: list = [] }) => tenant === undefined ? list : [tenant, ...list])
  ])
}

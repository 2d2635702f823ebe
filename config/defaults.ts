import { availableParallelism } from 'node:os'

/**
 * Every default of the configuration, once: the schema publishes these numbers and the settings are filled from them.
 * Times in milliseconds, sizes in bytes. Sources: interface (configuration), rulings 1 to 3.
 */
export const DEFAULTS = {
  mode: 'development',
  host: '127.0.0.1',
  port: 8080,
  managementHost: '127.0.0.1',
  managementPort: 8081,
  logLevel: 'info',
  drainMs: 30_000,
  processes: 1,
  stateDir: '.drawbridge',
  /** 4 MiB: what server-everything accepts itself; a 400 KB call must pass. */
  maxBodyBytes: 4_194_304,
  isolation: 'user',
  roots: 'filtered',
  capabilities: 'client',
  interactive: false,
  era: 'auto',
  allowPrivateNetwork: false,
  cancelOnDisconnect: false,
  timeoutMs: 60_000,
  maxTimeoutMs: 600_000,
  startTimeoutMs: 30_000,
  /** A launcher may first download and build: a cold sqlite server took 96 s. */
  launcherStartTimeoutMs: 180_000,
  pool: { warm: 0, max: 50, maxPerTenant: 20, idleMs: 300_000 },
  /** A Node server is a dozen threads, a browser a few dozen processes of as many threads. */
  sandbox: { level: 'auto', network: ['*'], pids: 256 },
  globalPool: { maxWorkers: 200, maxWorkersPerTenant: 100, maxWorkersPerUser: 20 },
  /** In all 5 000: half of the requests that may be open, so that a flood of calls leaves others room to stand in line. */
  limits: { callsPerMinute: 100, requestsPerMinute: 600, initializePerMinute: 120, concurrentCalls: 32, totalConcurrentCalls: 5000, ipRequestsPerMinute: 600 },
  /** A tenth of the load (FR11), and a circuit as in FR14. */
  retries: { attempts: 2, budgetPercent: 10 },
  breaker: { calls: 20, windowMs: 10_000, failedPercent: 50, openMs: 5000, maxOpenMs: 60_000 },
  /** A minute of lists: as long as a server that says nothing is taken to say when others do. */
  cache: { listTtlMs: 60_000, maxBytes: 67_108_864 },
  sessions: { idleMs: 1_800_000, maxPerUser: 100 },
  jwt: { tenantClaim: 'tenant', userClaim: 'sub', scopeClaim: 'scope', userPrefix: '' },
  whenRevocationsUnknown: 'deny',
  /** Half a second: a person waits for the call behind it. */
  policyHook: { timeoutMs: 500, maxConcurrent: 32, whenAway: 'deny', sendArguments: false },
  jwksAlgorithms: ['RS256', 'ES256', 'EdDSA'],
  secretAlgorithms: ['HS256']
} as const

/** Workers that may be starting at once: each start is CPU-bound for about 0.3 s (FR03). */
export function defaultMaxStarting (): number {
  return Math.max(4, 2 * availableParallelism())
}

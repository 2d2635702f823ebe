import { Type } from 'typebox'
import type { Static } from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { serverCache } from './cache.ts'
import { count, dictionary, flag, millis, strings, text } from './terms.ts'
import { breaker, retries } from './resilience.ts'
import { patternRules, toolRules } from './rules.ts'
import { tls } from './tls.ts'
import { upstreamAuth } from './upstream-auth.ts'

export { tls } from './tls.ts'

/** Every spelling that clients use for a transport, and what it means here. */
export const TRANSPORTS = {
  stdio: 'stdio',
  sse: 'sse',
  http: 'http',
  streamablehttp: 'http',
  'streamable-http': 'http',
  streamableHttp: 'http',
  streamable_http: 'http'
} as const

const transport = (description: string) => Type.Optional(Type.Enum(Object.keys(TRANSPORTS) as (keyof typeof TRANSPORTS)[], { description }))

const envValue = Type.Union([Type.String({ maxLength: 131_072 }), Type.Number(), Type.Boolean(), Type.Null()], {
  'x-expected': 'a string, a number, true, false, or null (= not set)'
})

const capabilities = Type.Optional(Type.Union([
  Type.Literal('client'),
  Type.Object({ fixed: dictionary(Type.Object({}), { description: 'Client capabilities as MCP writes them.' }) }, { additionalProperties: false })
], {
  description: 'Client capabilities the server is told of: those of each client, or a fixed set, which gives a user one worker whatever the client declares.',
  default: DEFAULTS.capabilities,
  'x-expected': '"client" or { fixed: { … } } whose members are objects'
}))

const pool = Type.Optional(Type.Object({
  max: count('Most workers of this server.', DEFAULTS.pool.max, 1, 100_000),
  maxPerTenant: count('Most workers of this server for one tenant.', DEFAULTS.pool.maxPerTenant, 1, 100_000),
  idleMs: millis('A worker without call or open stream ends after this.', DEFAULTS.pool.idleMs),
  warm: count('Spare workers kept ready for new callers; demand raises their number. 0 = none.', DEFAULTS.pool.warm, 0, 10_000),
  maxCalls: count('A worker is replaced between calls after about so many. Absent = never.', undefined),
  maxAgeMs: count('A worker is replaced between calls at about this age. Milliseconds. Absent = never.', undefined, 1, 31_536_000_000),
  maxMemoryMb: count('A worker whose processes hold more resident memory is replaced between calls. MiB. Absent = never.', undefined, 1, 1_048_576)
}, { additionalProperties: false, description: 'Bounds on the worker processes of this server.' }))

const sandboxNetwork = Type.Optional(Type.Union([
  Type.Enum(['none', 'full']),
  Type.Array(Type.String({ pattern: '^(?:[*]|(?:[*][.])?[A-Za-z0-9_-]+(?:[.][A-Za-z0-9_-]+)*)(?::[0-9]{1,5})?$', maxLength: 260 }), { maxItems: 1000 })
], {
  description: 'Network of the workers, from level namespace on: none, the host\'s own (full), or the hosts that may be reached over HTTP and HTTPS: `host`, `host:port`, `*.domain`, `*` (every public address). `[]` = none.',
  default: [...DEFAULTS.sandbox.network],
  'x-expected': '"none", "full" or a list of hosts, such as "api.example.com" or "*.example.com:443"'
}))

const sandbox = Type.Optional(Type.Object({
  level: Type.Optional(Type.Enum(['auto', 'none', 'process', 'namespace', 'container'], { description: 'How workers are contained: the strongest that this host gives, not at all, by limits on each process, by namespaces, or by a container engine.', default: DEFAULTS.sandbox.level })),
  readOnly: strings('Directories the server may read; they count as roots (roots: filtered). `{tenant}` and `{user}` are replaced.'),
  writable: strings('Directories the server may write; they count as roots (roots: filtered). `{tenant}` and `{user}` are replaced.'),
  uid: count('User id of the workers, where the gateway may choose it (it runs as root).', undefined, 1, 4_294_967_294),
  network: sandboxNetwork,
  memoryMb: count('Most memory of a worker and all that it starts. MiB. Absent = unbounded.', undefined, 16, 1_048_576),
  cpu: Type.Optional(Type.Number({ description: 'Most CPUs of a worker; 0.5 is half of one. Absent = unbounded.', minimum: 0.01, maximum: 1024 })),
  pids: count('Most processes and threads of a worker.', DEFAULTS.sandbox.pids, 1, 1_000_000),
  mountLate: flag('Mount the directories that hold `{tenant}` or `{user}` when the worker is given to its user, at one place inside for everybody, so that the server can have spare workers (pool.warm). For servers that open their files only when they are called. Level namespace only.', false),
  image: text('Image that has the command, for level container.', { maxLength: 512, pattern: '^[A-Za-z0-9][A-Za-z0-9._/:@-]*$', 'x-expected': 'an image name, such as node:24-slim' })
}, { additionalProperties: false, description: 'Containment of workers.' }))

/** One member of `mcpServers`: the client formats as they are, and what Drawbridge adds. Other keys are warned of, not refused. */
export const serverEntry = Type.Object({
  command: text('Program to start: a name found on PATH, or a path. Never run through a shell. `./…` starts at the working directory.'),
  args: Type.Optional(Type.Array(Type.String({ maxLength: 131_072 }), { description: 'Arguments, one element each. `{tenant}` and `{user}` are replaced by a filesystem-safe form of the caller\'s identity; `./…` starts at `cwd`, or without one at the working directory.', default: [], maxItems: 10_000 })),
  env: Type.Optional(dictionary(envValue, { description: 'Variables of the server, besides a short allow-list. `{tenant}`, `{user}` and `./…` as in `args`.' })),
  cwd: text('Working directory of the server. `{tenant}` and `{user}` are replaced. Absent = a private directory of the worker.'),
  type: transport('Transport. Absent: stdio with `command`; with `url`, sse if the path ends in /sse, otherwise http.'),
  transport: transport('Same as `type`.'),
  transportType: transport('Same as `type`, as mcp-proxy writes it.'),
  url: text('http and sse: address of the upstream server. https, or with `allowPrivateNetwork` also http to a private address. Redirects are not followed.', { pattern: '^https?://', 'x-expected': 'a URL that begins with https://' }),
  headers: Type.Optional(dictionary(Type.String({ maxLength: 16_384 }), { description: 'http and sse: headers added to every request to the upstream server. Not those of the connection and of the protocol, which Drawbridge sets itself: Host, Connection, Content-*, Accept*, Mcp-*, Last-Event-ID and the like.' })),
  allowPrivateNetwork: flag('http and sse: the URL may lead to a loopback or private address, also by plain http. Link-local and metadata addresses stay refused.', DEFAULTS.allowPrivateNetwork),
  tls,
  era: Type.Optional(Type.Enum(['auto', 'legacy', 'modern'], { description: 'Protocol that the server is spoken to in: legacy (sessions, 2024-11-05 to 2025-11-25), modern (2026-07-28), or whichever it turns out to speak.', default: DEFAULTS.era })),
  enabled: flag('false = the entry is skipped.', true),
  disabled: flag('true = the entry is skipped.', false),
  isolation: Type.Optional(Type.Enum(['shared', 'tenant', 'user', 'session', 'call'], { description: 'Who shares a worker process: everybody, the users of a tenant, one user, one session, or nobody.', default: DEFAULTS.isolation })),
  roots: Type.Optional(Type.Enum(['filtered', 'relay', 'off'], { description: 'Client roots: only those inside the directories of this entry, as the client sends them, or none.', default: DEFAULTS.roots })),
  capabilities,
  interactive: flag('One call at a time, so that what the server asks always has one client to ask.', DEFAULTS.interactive),
  pool,
  concurrentCalls: count('Calls in flight to this server over all tenants, in one process; more wait in line, where tenants take turns by weight. Absent = no bound of its own.', undefined, 1, 1_000_000),
  concurrentCallsPerTenant: count('Calls in flight to this server of one tenant, in one process; more wait in line, where its users take turns. Absent = no bound of its own.', undefined, 1, 1_000_000),
  timeoutMs: millis('Deadline of a call; progress extends it up to maxTimeoutMs.', DEFAULTS.timeoutMs),
  maxTimeoutMs: millis('Latest end of a call, however much progress it reports.', DEFAULTS.maxTimeoutMs),
  startTimeoutMs: Type.Optional(Type.Integer({ description: `From the start of a worker to its initialize answer. Milliseconds. Default ${DEFAULTS.startTimeoutMs}, or ${DEFAULTS.launcherStartTimeoutMs} for npx, uvx, docker and the like, which may have to download.`, minimum: 1, maximum: 86_400_000 })),
  cancelOnDisconnect: flag('Cancel calls when their HTTP request ends early, also on Streamable HTTP sessions.', DEFAULTS.cancelOnDisconnect),
  stateless: flag('Its sessions hold nothing that a client would miss: with `redis`, another replica may open them anew, under the same id, when the one that had them has gone.', false),
  tools: toolRules,
  prompts: patternRules('Which of the server\'s prompts may be seen and used.'),
  resources: patternRules('Which of the server\'s resources, by URI, may be seen and read.'),
  sandbox,
  auth: Type.Optional(upstreamAuth),
  cache: serverCache,
  retries: retries('Retries of what may be repeated. Absent = retries of the file.'),
  breaker: breaker('http and sse: circuit breaker of this server. Absent = breaker of the file.'),
  allowScripts: strings('npm packages whose install scripts may run when the package store installs them.'),
  validateArguments: flag('Hold the arguments of calls to the tool\'s own input schema before the server sees them.', true)
}, { description: 'One MCP server.' })

/** A server entry as it stands in a file, after validation. */
export type ServerEntry = Static<typeof serverEntry>

/** Keys of an entry that Drawbridge knows; clients write others. */
export const SERVER_ENTRY_KEYS: readonly string[] = Object.keys(serverEntry.properties)

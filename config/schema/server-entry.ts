import { Type } from 'typebox'
import type { Static } from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { count, dictionary, flag, millis, reserved, strings, text } from './terms.ts'
import { patternRules, toolRules } from './rules.ts'

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
  warm: reserved('Spare workers started ahead.'),
  maxCalls: reserved('Calls after which a worker is replaced.'),
  maxAgeMs: reserved('Age after which a worker is replaced.')
}, { additionalProperties: false, description: 'Bounds on the worker processes of this server.' }))

const sandbox = Type.Optional(Type.Object({
  readOnly: strings('Directories the server may read; they count as roots (roots: filtered).'),
  writable: strings('Directories the server may write; they count as roots (roots: filtered).'),
  level: reserved('auto | none | process | namespace | container.'),
  uid: reserved('User id of the worker.'),
  network: reserved('Network policy of the worker.'),
  memoryMb: reserved('Memory bound of a worker.'),
  cpu: reserved('CPU bound of a worker.'),
  pids: reserved('Process bound of a worker.')
}, {
  additionalProperties: false,
  description: 'Containment of workers. This version enforces none of it; `readOnly` and `writable` count as roots.',
  'x-notice': 'containment is not enforced by this version; readOnly and writable only count as roots'
}))

const tls = Type.Optional(Type.Object({
  caFile: text('PEM file of the certificate authorities to trust in place of the system\'s, relative to the working directory.'),
  certFile: text('PEM file of the client certificate, with its chain. Together with keyFile.'),
  keyFile: text('PEM file of the client certificate\'s key, without a passphrase.'),
  servername: text('Name that the server\'s certificate has to be for, when it is not the host of the URL.', { maxLength: 253, pattern: '^[A-Za-z0-9_-]+(?:[.][A-Za-z0-9_-]+)*$', 'x-expected': 'a host name' })
}, { additionalProperties: false, description: 'https upstream servers: certificates. Files are read when the configuration is. Verification cannot be turned off.' }))

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
  timeoutMs: millis('Deadline of a call; progress extends it up to maxTimeoutMs.', DEFAULTS.timeoutMs),
  maxTimeoutMs: millis('Latest end of a call, however much progress it reports.', DEFAULTS.maxTimeoutMs),
  startTimeoutMs: Type.Optional(Type.Integer({ description: `From the start of a worker to its initialize answer. Milliseconds. Default ${DEFAULTS.startTimeoutMs}, or ${DEFAULTS.launcherStartTimeoutMs} for npx, uvx, docker and the like, which may have to download.`, minimum: 1, maximum: 86_400_000 })),
  cancelOnDisconnect: flag('Cancel calls when their HTTP request ends early, also on Streamable HTTP sessions.', DEFAULTS.cancelOnDisconnect),
  tools: toolRules,
  prompts: patternRules('Which of the server\'s prompts may be seen and used.'),
  resources: patternRules('Which of the server\'s resources, by URI, may be seen and read.'),
  sandbox,
  auth: reserved('Credentials towards an upstream HTTP server.'),
  cache: reserved('Reuse of lists and results.'),
  retries: reserved('Retries of calls that may be repeated.'),
  breaker: reserved('Circuit breaker of this server.'),
  allowScripts: reserved('Packages whose install scripts may run.'),
  validateArguments: reserved('Check arguments against the tool\'s own schema.')
}, { description: 'One MCP server.' })

/** A server entry as it stands in a file, after validation. */
export type ServerEntry = Static<typeof serverEntry>

/** Keys of an entry that Drawbridge knows; clients write others. */
export const SERVER_ENTRY_KEYS: readonly string[] = Object.keys(serverEntry.properties)

import { Type } from 'typebox'
import type { Static } from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { access, roles } from './access.ts'
import { audit } from './audit.ts'
import { auth } from './auth.ts'
import { cache } from './cache.ts'
import { redis, replica } from './redis.ts'
import { breaker, retries } from './resilience.ts'
import { policy } from './policy.ts'
import { tenantLimits } from './rules.ts'
import { serverEntry } from './server-entry.ts'
import { count, dictionary, millis, reserved, strings, text } from './terms.ts'

const foreign = (owner: string) => Type.Optional(Type.Unknown({ description: `Written by ${owner}; ignored.`, 'x-notice': `belongs to ${owner} and is ignored` }))
const port = (description: string, value: number) => count(description, value, 0, 65_535)

const tenant = Type.Object({
  ...access,
  roles: roles('Roles of this tenant; they stand in place of those of the same name in `roles` of the file.'),
  limits: tenantLimits
}, { additionalProperties: false, description: 'A tenant.' })

const limits = Type.Optional(Type.Object({
  callsPerMinute: count('tools/call, prompts/get, resources/read and completions a minute, per user.', DEFAULTS.limits.callsPerMinute),
  requestsPerMinute: count('Other requests a minute, per user.', DEFAULTS.limits.requestsPerMinute),
  initializePerMinute: count('New sessions a minute, per user.', DEFAULTS.limits.initializePerMinute),
  concurrentCalls: count('Calls in flight, per user; more wait in line.', DEFAULTS.limits.concurrentCalls, 1, 1_000_000),
  callsPerDay: count('Calls in a calendar day (UTC), per user. Absent = no bound.', undefined, 1, 1_000_000_000_000),
  callsPerMonth: count('Calls in a calendar month (UTC), per user. Absent = no bound.', undefined, 1, 1_000_000_000_000),
  totalConcurrentCalls: count('Calls in flight over all tenants, in one process; more wait in line, where tenants take turns by weight.', DEFAULTS.limits.totalConcurrentCalls, 1, 1_000_000),
  ipRequestsPerMinute: count('Requests without a valid credential a minute, per address.', DEFAULTS.limits.ipRequestsPerMinute)
}, { additionalProperties: false, description: 'Limits per user, unless the name says otherwise.' }))

const sessions = Type.Optional(Type.Object({
  idleMs: millis('A session without request or open stream ends after this.', DEFAULTS.sessions.idleMs),
  maxPerUser: count('Most open sessions of a user.', DEFAULTS.sessions.maxPerUser, 1, 1_000_000)
}, { additionalProperties: false, description: 'MCP sessions.' }))

const pool = Type.Optional(Type.Object({
  maxWorkers: count('Most workers in all.', DEFAULTS.globalPool.maxWorkers, 1, 100_000),
  maxWorkersPerTenant: count('Most workers of a tenant over all servers.', DEFAULTS.globalPool.maxWorkersPerTenant, 1, 100_000),
  maxWorkersPerUser: count('Most workers of a user over all servers.', DEFAULTS.globalPool.maxWorkersPerUser, 1, 100_000),
  maxStarting: count('Workers that may be starting at once. Default twice the number of cores, at least 4.', undefined, 1, 10_000)
}, { additionalProperties: false, description: 'Bounds on worker processes over all servers.' }))

const http = Type.Optional(Type.Object({
  publicUrl: text('Origin under which clients reach the gateway. Default `http://<listen.host>:<listen.port>`.', { pattern: '^https?://', 'x-expected': 'an origin such as https://mcp.example.com' }),
  allowedHosts: strings('Host headers that are served, `host` or `host:port`. Absent or empty = the host of publicUrl, localhost, 127.0.0.1 and [::1].', { default: [] }),
  allowedOrigins: strings('Origins of browser pages that may call, for example https://app.example.com.', { default: [] }),
  trustedProxies: strings('Addresses of proxies whose X-Forwarded-For is believed.', { default: [] }),
  maxBodyBytes: count('Largest request body, in bytes.', DEFAULTS.maxBodyBytes, 1024, 268_435_456)
}, { additionalProperties: false, description: 'The public HTTP side.' }))

const listener = (description: string, host: string, portNumber: number) => Type.Optional(Type.Object({
  host: text('Address to listen on.', { default: host, maxLength: 255 }),
  port: port('Port to listen on; 0 = any free one.', portNumber)
}, { additionalProperties: false, description }))

/** The whole gateway file. The type, the validator and the published editor schema all come from here. */
export const gatewayFile = Type.Object({
  $schema: text('For editors.'),
  mcpServers: Type.Optional(dictionary(serverEntry, { description: 'The MCP servers by name, in the format of Claude Desktop, Cursor and mcp-proxy.' })),
  servers: Type.Optional(dictionary(serverEntry, { description: 'Same as mcpServers, as VS Code writes it.' })),
  inputs: Type.Optional(Type.Array(Type.Unknown(), { description: 'VS Code asks its user for these; a gateway has nobody to ask. Not supported.', 'x-notice': 'VS Code inputs are not supported: use an environment variable instead, $' + '{NAME}' })),
  include: strings('More files in the same format, relative to this one. They may hold mcpServers, servers, tenants, auth.apiKeys, auth.jwt and include.', { default: [] }),
  mode: Type.Optional(Type.Enum(['development', 'production'], { description: 'production refuses what development only warns of: unpinned packages, weak secrets, plain-http issuers. Environment: DRAWBRIDGE_MODE.', default: DEFAULTS.mode })),
  listen: listener('The public listener. Environment: HOST, PORT.', DEFAULTS.host, DEFAULTS.port),
  management: listener('The listener of /metrics and /admin. Environment: DRAWBRIDGE_MANAGEMENT_HOST, DRAWBRIDGE_MANAGEMENT_PORT; the token only from DRAWBRIDGE_MANAGEMENT_TOKEN or its _FILE.', DEFAULTS.managementHost, DEFAULTS.managementPort),
  tenants: Type.Optional(dictionary(tenant, { description: 'The tenants by name. Absent = every tenant that a credential names exists and may use every server; present = only these exist.' })),
  roles: roles('Roles by name, for all tenants. API keys and tokens name those that they have.'),
  auth,
  limits,
  sessions,
  pool,
  http,
  drainMs: millis('How long shutdown waits for calls in flight.', DEFAULTS.drainMs, 0),
  drainLeadMs: millis('How long a gateway with `redis` that was told to end still takes requests and hands them to the others, so that whoever deals them out notices in time. Default 5000, without `redis` 0.', undefined, 0),
  stateDir: text('Directory for worker homes and other scratch state, relative to the working directory. Environment: DRAWBRIDGE_STATE_DIR.', { default: DEFAULTS.stateDir }),
  logLevel: Type.Optional(Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { description: 'Least severe level that is logged. Environment: LOG_LEVEL.', default: DEFAULTS.logLevel })),
  redis,
  replica,
  audit,
  cache,
  policy,
  retries: retries('Retries of what may be repeated, for servers that say nothing of their own.'),
  breaker: breaker('Circuit breakers of servers over HTTP, for those that say nothing of their own.'),
  allowPrivateNetwork: reserved('May upstream URLs point into a private network?'),
  processes: count('Gateway processes that share the work; each user is served by one of them, and bounds over all callers are divided among them.', DEFAULTS.processes, 1, 256),
  globalShortcut: foreign('Claude Desktop'),
  preferences: foreign('Claude Desktop'),
  isUsingBuiltInNodeForMcp: foreign('Claude Desktop'),
  isDxtAutoUpdatesEnabled: foreign('Claude Desktop')
}, {
  additionalProperties: false,
  patternProperties: { '^x-': {} },
  title: 'Drawbridge gateway file',
  description: 'Configuration of Drawbridge. Keys that begin with x- are ignored: a place for YAML anchors.'
})

/** A gateway file after validation. */
export type GatewayFile = Static<typeof gatewayFile>
/** A tenant as it stands in a file. */
export type TenantEntry = Static<typeof tenant>

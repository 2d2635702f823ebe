/**
 * The import rules of ARCHITECTURE.md, held by `npm run arch`.
 * A room of rank N may import only rooms of a lower rank, and only through their index.ts.
 */
const rank = {
  shared: 0,
  telemetry: 1,
  protocol: 1,
  net: 1,
  seal: 1,
  sandbox: 1,
  packages: 1,
  schemas: 1,
  resilience: 1,
  auth: 2,
  tenancy: 2,
  limits: 2,
  routing: 2,
  session: 2,
  'stdio-pool': 2,
  processes: 2,
  replicas: 2,
  cache: 2,
  audit: 2,
  redis: 3,
  upstream: 3,
  bridge: 4,
  gateway: 5,
  cli: 6
}

const rooms = Object.keys(rank)
const notBelow = (room) => rooms.filter((other) => other !== room && rank[other] >= rank[room])
// The highest room has nothing above it; a rule without paths would forbid it everything.
const upward = rooms.filter((room) => notBelow(room).length > 0).map((room) => ({
  name: `rank-${room}`,
  comment: `src/${room} (rank ${rank[room]}) may import only rooms of a lower rank.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: notBelow(room).map((other) => `^src/${other}/`) }
}))

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'room-entrance',
      comment: 'A room is entered by its index.ts (shared/ has no index: its files are the vocabulary).',
      severity: 'error',
      from: { path: '^(src/([^/]+)/|plugins/|routes/|config/|app\\.ts|management\\.ts|server\\.ts|listener\\.ts|primary\\.ts|member-process\\.ts)' },
      to: { path: '^src/(?!shared/)([^/]+)/', pathNot: ['^src/[^/]+/index\\.ts$', '^src/$2/'] }
    },
    { name: 'src-knows-no-fastify', severity: 'error', from: { path: '^src/' }, to: { path: 'node_modules/(@fastify|fastify)' } },
    { name: 'src-reads-no-config', severity: 'error', from: { path: '^src/(?!cli/)' }, to: { path: '^(config|plugins|routes)/' } },
    { name: 'protocol-does-no-io', comment: 'node:buffer checks encodings and does no I/O.', severity: 'error', from: { path: '^src/protocol/' }, to: { dependencyTypes: ['core'], pathNot: '^(node:)?buffer$' } },
    { name: 'outbound-http', comment: 'Connections to servers are made where addresses are checked (T47).', severity: 'error', from: { path: '^src/(?!net/)' }, to: { path: '^(node:)?(http|https|http2|tls)$', dependencyTypesNot: ['type-only'] } },
    { name: 'child-process', severity: 'error', from: { pathNot: '^src/(stdio-pool|sandbox|packages|cli)/' }, to: { path: '^(node:)?child_process$' } },
    { name: 'redis-client', severity: 'error', from: { pathNot: '^src/redis/' }, to: { path: 'node_modules/ioredis' } },
    { name: 'routes-keep-out', severity: 'error', from: { path: '^routes/' }, to: { path: '^src/(redis|stdio-pool|upstream)/' } },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'] }
  }
}

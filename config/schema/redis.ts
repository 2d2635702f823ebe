import { Type } from 'typebox'
import { tls } from './tls.ts'
import { count, text } from './terms.ts'

const NODE = '^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9_.-]+):[0-9]{1,5}$'
const nodes = (description: string) => Type.Array(Type.String({ pattern: NODE, maxLength: 260, 'x-expected': 'host:port' }), { minItems: 1, maxItems: 100, description })

/** `redis`: state that several gateways share. */
export const redis = Type.Optional(Type.Object({
  url: text('redis://host:6379/0, rediss:// for TLS, or unix:///path of a socket; user and password may stand in it. Environment: REDIS_URL or REDIS_URL_FILE.'),
  sentinel: Type.Optional(Type.Object({
    name: Type.String({ minLength: 1, maxLength: 200, description: 'Name of the primary, as the sentinels have it.' }),
    nodes: nodes('Addresses of sentinels, host:port.'),
    username: text('User of the sentinels themselves.'),
    password: text('Password of the sentinels themselves.')
  }, { additionalProperties: false, description: 'Sentinels that know the primary, in place of url.' })),
  cluster: Type.Optional(Type.Object({
    nodes: nodes('Addresses of some nodes of the cluster, host:port.')
  }, { additionalProperties: false, description: 'A Redis Cluster, in place of url.' })),
  username: text('User (ACL), when it is not in the URL.'),
  password: text('Password, when it is not in the URL. Write it as a variable.'),
  db: count('Number of the database; not with a cluster.', 0, 0, 100_000),
  tls,
  keyPrefix: text('In front of every key and channel. Gateways that share state have the same.', { default: 'db:', maxLength: 64, pattern: '^[A-Za-z0-9:_./-]+$', 'x-expected': 'letters, digits and : _ . / -' }),
  commandTimeoutMs: count('How long one command may take before the gateway goes on without Redis. Milliseconds.', 100, 5, 60_000),
  whenAway: Type.Optional(Type.Enum(['local', 'refuse'], { description: 'What calls get while Redis is away: local = limits of this gateway\'s share, refuse = 503.', default: 'local' }))
}, { additionalProperties: false, description: 'State that several gateways share: limits, sessions, cache. Needs DRAWBRIDGE_SECRET, the same in all of them.' }))

/** `replica`: this gateway among those that share a Redis. */
export const replica = Type.Optional(Type.Object({
  name: text('First part of the ids of its sessions, 1 to 16 of a-z and 0-9; no other replica has it. Default: 8 random characters. Environment: DRAWBRIDGE_REPLICA.', { maxLength: 16, pattern: '^[a-z0-9]{1,16}$', 'x-expected': '1 to 16 of a-z and 0-9' }),
  listen: Type.Optional(Type.Object({
    host: text('Address to listen on. Environment: DRAWBRIDGE_REPLICA_HOST.', { default: '127.0.0.1', maxLength: 255 }),
    port: count('Port to listen on; 0 = any free one. Environment: DRAWBRIDGE_REPLICA_PORT.', 8082, 0, 65_535)
  }, { additionalProperties: false, description: 'Where other replicas hand requests over. Not for clients: never publish it.' })),
  advertise: text('Origin under which other replicas reach that listener. Default http://<host>:<port> of listen. Environment: DRAWBRIDGE_REPLICA_ADVERTISE.', { maxLength: 300 })
}, { additionalProperties: false, description: 'This gateway among those that share its Redis.' }))

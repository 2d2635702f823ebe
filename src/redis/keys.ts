import { keyPart } from './key-part.ts'

/** One kind of key or channel; STORAGE.md has the same rows, held to these by a test. */
interface StoredRow {
  /**
   * Behind the prefix. `<…>` are parts that a builder is given, made harmless by `keyPart`. What is in braces is the hash tag: all
   * keys of one script have one, so that a cluster keeps them together. Of a tenant it is `{t:<tenant>}`, of nobody in
   * particular `{g:<topic>}`: no tenant can be named like the latter.
   */
  readonly name: string
  readonly type: 'string' | 'hash' | 'set' | 'zset' | 'stream' | 'channel'
  /** When it ends by itself; every key does (FR25). Channels: `-`. */
  readonly ends: string
  /** Room whose state it is. */
  readonly owner: string
  readonly holds: string
}

/** Every key and channel of Drawbridge. Add a row here and in STORAGE.md; nothing else makes a key. */
export const STORED = {
  doctorProbe: { name: '{g:doctor}:probe', type: 'string', ends: '10 seconds after `drawbridge doctor`', owner: 'cli', holds: '`probe`: can it be written and read?' },
  revoked: { name: '{g:revoked}:list', type: 'zset', ends: '400 days after a gateway looked at it last', owner: 'auth', holds: 'revoked API keys (by their hash), own tokens and users of own tokens, each entry signed, by when it means nothing any more' },
  revokedMark: { name: '{g:revoked}:mark', type: 'string', ends: 'with the list', owner: 'auth', holds: 'another random text after each change of the list: who has seen it need not read the list' },
  revokedNews: { name: '{g:revoked}:news', type: 'channel', ends: '-', owner: 'auth', holds: 'nothing but that the list has changed' },
  auditRecords: { name: '{g:audit}:records', type: 'stream', ends: '30 days after the last record', owner: 'audit', holds: 'audit records, about as many as `audit.sinks` says, in one chain for each start of a gateway' },
  liveReplicas: { name: '{g:replicas}:live', type: 'hash', ends: '8 seconds after the last heartbeat of any replica', owner: 'replicas', holds: 'each live replica by its instance: when it spoke last, and its signed listing (name, origin, whether it drains or has left)' },
  ownerClaim: { name: '{t:<tenant>}:owner:<key>', type: 'hash', ends: '60 seconds after its owner kept it last', owner: 'replicas', holds: 'which instance serves this user, or this tenant as a whole, and the fence of its claim' },
  ownerMarker: { name: '{t:<tenant>}:owners', type: 'string', ends: '60 seconds after a claim of the tenant was kept last', owner: 'replicas', holds: '`1`: while it stands, no claim of the tenant was lost' },
  session: { name: '{t:<tenant>}:session:<id hash>', type: 'hash', ends: '`sessions.idleMs` after its last use, and up to 20 seconds more', owner: 'session', holds: 'a session of `stateless` servers: its signed record (digest of its owner and route, what the client declared, its log level), and which instance has it' },
  onceCall: { name: '{t:<tenant>}:once:<id hash>', type: 'string', ends: '10 minutes after the call, or a minute after its latest deadline while it runs', owner: 'resilience', holds: 'a call with an idempotency key, signed: digest of its arguments, and once it has ended its first answer (up to 256 KiB)' },
  limitWindow: { name: '{t:<tenant>}:window:<limit>:<whose>', type: 'hash', ends: '62 seconds after the last admission', owner: 'limits', holds: 'how many calls or requests of a user, key, tool or tenant were admitted in each second of the last minute' },
  limitQuota: { name: '{t:<tenant>}:quota:<limit>:<whose>', type: 'string', ends: 'a minute after the day or month', owner: 'limits', holds: 'calls of a user or tenant in this calendar day or month (UTC)' },
  limitSlots: { name: '{t:<tenant>}:slots:<kind>:<whose>', type: 'hash', ends: '10 seconds after any replica used it last', owner: 'limits', holds: 'calls in flight of a user or tenant by replica, and which replicas have one that waits, each with its end' },
  cacheEntry: { name: '{g:cache:<group>}:<kind>:<request hash>', type: 'string', ends: 'when its list, contents or result may not be reused any more; an hour at most', owner: 'cache', holds: 'an answer of a server for one worker key (a hash over server, entry, tenant, user and capabilities), signed, with the generation that it belongs to' },
  cacheGeneration: { name: '{g:cache:<group>}:<kind>:generation', type: 'string', ends: '61 minutes after the last change', owner: 'cache', holds: 'when a list, or any resource, of this worker key changed last: what is older is not used' },
  cacheChanges: { name: '{g:cache}:changes', type: 'channel', ends: '-', owner: 'cache', holds: 'what has changed, for replicas that keep it in memory' },
  addressWindow: { name: '{g:address:<address>}:refused', type: 'string', ends: 'a minute after the first refused request', owner: 'the edge', holds: 'requests without a valid credential from one address in this minute' }
} as const satisfies Record<string, StoredRow>

type Names = typeof STORED
type PartsOf<Name extends string> = Name extends `${string}<${string}>${infer Rest}` ? [part: string, ...PartsOf<Rest>] : []

/** Makes complete keys: prefix, hash tag and parts. One function for each row of {@link STORED}. */
export type Keys = { readonly [Row in keyof Names]: (...parts: PartsOf<Names[Row]['name']>) => string }

/** @param prefix `redis.keyPrefix`: no braces in it */
export function keysFor (prefix: string): Keys {
  const builders = Object.entries<StoredRow>(STORED).map(([row, { name }]) => [row, builder(prefix, name)] as const)
  return Object.freeze(Object.fromEntries(builders)) as unknown as Keys
}

function builder (prefix: string, name: string): (...parts: string[]) => string {
  const [first = '', ...texts] = name.split(/<[^>]*>/)
  return (...parts) => {
    let key = prefix + first
    for (let at = 0; at < texts.length; at++) key += keyPart(parts[at] ?? '') + (texts[at] ?? '')
    return key
  }
}

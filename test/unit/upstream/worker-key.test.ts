import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { Isolation } from '../../../src/shared/settings/server.ts'
import type { ConnectionRequest } from '../../../src/upstream/index.ts'
import { startKey, workerKey } from '../../../src/upstream/worker-key.ts'
import { seeded } from '../../helpers/random.ts'
import { wanted } from './upstream-parts.ts'

const ISOLATIONS: readonly Isolation[] = ['shared', 'tenant', 'user', 'session', 'call']
/** Names that would imitate each other's borders if keys were joined carelessly. */
const NAMES = ['a', 'b', 'a","b', '["a"', 'a\0b', 'user', '']
/** What servers can tell apart, and what they cannot: the second of each pair differs in nothing that counts. */
const CAPABILITIES: ReadonlyArray<readonly [JsonObject, JsonObject]> = [
  [{}, { experimental: { x: {} }, tasks: {} }],
  [{ sampling: {} }, { sampling: { context: {} } }],
  [{ sampling: { tools: {} } }, { sampling: { tools: { more: 1 } } }],
  [{ elicitation: {} }, { elicitation: { form: {} } }],
  [{ elicitation: { url: {} } }, { elicitation: { url: { x: 1 } } }],
  [{ elicitation: { form: {}, url: {} } }, { elicitation: { url: {}, form: { x: 1 } } }],
  [{ roots: {} }, { roots: { listChanged: true } }],
  [{ extensions: { 'io.modelcontextprotocol/ui': {} } }, { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: [] }, other: {} } }]
]

interface Drawn { readonly request: ConnectionRequest, readonly isolation: Isolation, readonly capability: number, readonly isFixed: boolean }

function draw (random: () => number): Drawn {
  const pick = <T> (from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const isolation = pick(ISOLATIONS)
  const capability = Math.floor(random() * CAPABILITIES.length)
  const isFixed = random() < 0.2
  const session = random() < 0.5 ? undefined : pick(NAMES)
  const request = wanted({ name: brandAs(pick(NAMES)), entryHash: pick(['1', '2']), isolation, capabilities: isFixed ? { fixed: {} } : 'client' }, {
    tenant: pick(NAMES),
    user: pick(NAMES),
    ...(session === undefined ? {} : { session }),
    capabilities: CAPABILITIES[capability]?.[random() < 0.5 ? 0 : 1] ?? {}
  })
  return { request, isolation, capability, isFixed }
}

/** The table of rulings 1, read as a relation. */
function shouldShare (one: Drawn, other: Drawn): boolean {
  const [a, b] = [one.request, other.request]
  if (a.server.name !== b.server.name || a.server.entryHash !== b.server.entryHash || one.isolation !== other.isolation) return false
  const sameUser = a.tenant === b.tenant && a.user === b.user
  const sameFingerprint = one.isFixed === other.isFixed && (one.isFixed || one.capability === other.capability)
  switch (one.isolation) {
    case 'shared': return true
    case 'tenant': return a.tenant === b.tenant
    case 'user': return sameUser && sameFingerprint
    case 'session': return sameUser && a.sessionKey === b.sessionKey && (a.sessionKey !== undefined || sameFingerprint)
    case 'call': return false
  }
}

describe('worker keys (rulings 1, T19)', () => {
  it('two requests share a worker if, and only if, the rulings say so', () => {
    let unique = 0
    const keyOf = ({ request }: Drawn): string => workerKey(request, () => String(unique++))
    const random = seeded(1)
    const seen = { shared: 0, apart: 0 }
    for (let round = 0; round < 20_000; round++) {
      const one = draw(random)
      // Mostly near misses: the same request with one thing drawn again.
      const drawn = draw(random)
      const other = random() < 0.5 ? drawn : { ...one, request: { ...one.request, tenant: drawn.request.tenant } }
      const share = shouldShare(one, other)
      assert.equal(keyOf(one) === keyOf(other), share, JSON.stringify([one, other]))
      seen[share ? 'shared' : 'apart']++
    }
    assert.ok(seen.shared > 500 && seen.apart > 5000, JSON.stringify(seen))
  })

  it('no name imitates a border', () => {
    const names = [...NAMES, 'a,b', 'b,a', ',', 'user,a', 'a|b', 'b|a', '"', '\\']
    const keys = names.flatMap((tenant) => names.map((user) => workerKey(wanted({}, { tenant, user }), () => '')))
    assert.equal(new Set(keys).size, names.length ** 2)
  })

  it('says nothing about whom it is for', () => {
    assert.match(workerKey(wanted(), () => 'x'), /^[0-9a-f]{64}$/)
  })
})

it('what slows starts down is the user of a server, however many workers they have (FR04)', () => {
  const key = (isolation: Isolation, who: Parameters<typeof wanted>[1] = {}): string => startKey(wanted({ isolation }, who))
  for (const isolation of ['user', 'session', 'call'] as const) {
    assert.equal(key(isolation, { session: 's1', capabilities: { roots: {} } }), key(isolation, { session: 's2' }))
    assert.notEqual(key(isolation), key(isolation, { user: 'bob' }))
    assert.notEqual(key(isolation), key(isolation, { tenant: 'globex' }))
  }
  assert.equal(key('tenant'), key('tenant', { user: 'bob' }))
  assert.notEqual(key('tenant'), key('tenant', { tenant: 'globex' }))
  assert.equal(key('shared'), key('shared', { tenant: 'globex', user: 'bob' }))
  assert.notEqual(key('shared'), startKey(wanted({ isolation: 'shared', entryHash: 'changed' })))
})

describe('worker keys that were made before', () => {
  it('are the ones that would be made now, whoever asked for them in between (T19)', () => {
    const random = seeded(19)
    const names = ['', 'a', 'aa', '1', '1:', '1:a', '1:a1', 'a1:a', '0:', ':', 'a\n', 'legacy', 'modern', '000000', 'a000000']
    const pick = <T> (from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
    for (const isolation of ISOLATIONS.filter((one) => one !== 'call')) {
      const { server } = wanted({ isolation })
      for (let n = 0; n < 4000; n++) {
        const request: ConnectionRequest = { ...wanted({}, { tenant: pick(names), user: pick(names), era: pick(['legacy', 'modern']), capabilities: pick(CAPABILITIES)[0] }), server }
        const perEra = random() < 0.5
        assert.equal(workerKey(request, never, perEra), workerKey({ ...request, server: { ...server } }, never, perEra), JSON.stringify(request))
      }
    }
  })
})

function never (): string { throw new Error('only of isolation call') }

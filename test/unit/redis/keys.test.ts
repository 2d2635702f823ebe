/** No name of a tenant, user or tool can reach another's keys (T57). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyPart } from '../../../src/redis/key-part.ts'
import { keysFor, STORED } from '../../../src/redis/keys.ts'
import { startRedis } from '../../helpers/redis.ts'

const HOSTILE = ['acme', 'ACME', 'a:b', 'a', 'b', 'a:b*{}', '{a}', '}', '{', 'a}:window:{t:b', '*', '?', '[a]', '%2A', '%', '~', '~a', '', ' ', '\0', '\n', 'g:replicas', 'ä', 'a\u0308', '\u00E4', '\uD800', '\uD801', 'x'.repeat(64), 'x'.repeat(65), 'x'.repeat(5000), '%'.repeat(33), '__proto__']

type Builder = (...parts: string[]) => string
const builders = Object.entries(keysFor('db:')) as unknown as ReadonlyArray<readonly [keyof typeof STORED, Builder]>

function partCount (row: keyof typeof STORED): number {
  return STORED[row].name.split('<').length - 1
}

test('names of plain characters stay readable, and every other one is different text without separators, braces or patterns', () => {
  assert.equal(keyPart('acme-1_2.x'), 'acme-1_2.x')
  assert.equal(keyPart('a:b*{}'), 'a%3Ab%2A%7B%7D')
  const parts = [...new Set(HOSTILE)].map((name) => [name, keyPart(name)] as const)
  assert.equal(new Set(parts.map(([, part]) => part)).size, parts.length)
  for (const [, part] of parts) assert.match(part, /^[\w.%~-]{1,96}$/)
})

test('two different sets of names never make one key, whatever is in them', () => {
  const alphabet = ['a', 'b', ':', '{', '}', '*', '%', '~', '\0', '3A', ' ', '\uD800']
  const made = new Map<string, string>()
  let seed = 20261122
  const random = (below: number): number => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 8) % below }
  const name = (): string => random(4) === 0 ? HOSTILE[random(HOSTILE.length)] ?? '' : Array.from({ length: random(5) }, () => alphabet[random(alphabet.length)]).join('')
  for (let times = 0; times < 20_000; times++) {
    const [row, build] = builders[random(builders.length)] ?? assert.fail()
    const parts = Array.from({ length: partCount(row) }, name)
    const key = build(...parts)
    const meant = JSON.stringify([row, ...parts])
    assert.equal(made.get(key) ?? meant, meant, key)
    made.set(key, meant)
  }
})

test('the hash tag of a tenant\'s keys is the tenant and nothing else: all of them are in one slot, whatever else is in the key', () => {
  for (const [row, build] of builders) {
    if (!STORED[row].name.startsWith('{t:<tenant>}')) continue
    for (const tenant of HOSTILE) {
      const key = build(tenant, ...Array.from({ length: partCount(row) - 1 }, () => 'x{y}z'))
      assert.equal(/\{(.*?)\}/.exec(key)?.[1], `t:${keyPart(tenant)}`)
      assert.equal(key.split('{').length, 2)
    }
  }
})

test('every row has one hash tag, an owner, and an end unless it is a channel', () => {
  for (const [name, row] of Object.entries(STORED) as Array<[string, { name: string, type: string, ends: string, owner: string }]>) {
    assert.match(row.name, /^(\{t:<tenant>\}|\{g:[a-z]+(:<[a-z ]+>)?\})/, name)
    assert.ok(row.owner !== '' && (row.type === 'channel' || row.ends.length > 3), name)
  }
})

test('in a real Redis, what a hostile tenant writes and deletes leaves all others alone', async (t) => {
  const redis = await startRedis()
  t.after(async () => { await redis.stop() })
  const keys = keysFor('db:')
  const tenants = HOSTILE.filter((name) => !name.includes('\0') && name !== '\n')
  for (const tenant of tenants) await redis.cli('SET', keys.ownerMarker(tenant), JSON.stringify(tenant))
  for (const tenant of tenants) assert.equal(JSON.parse(await redis.cli('GET', keys.ownerMarker(tenant))), tenant)
  await redis.cli('DEL', keys.ownerMarker('a:b*{}'))
  assert.equal(Number(await redis.cli('DBSIZE')), new Set(tenants).size - 1)
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pathName } from '../../../src/stdio-pool/path-name.ts'
import { fillTemplate } from '../../../src/stdio-pool/template.ts'
import { identity } from './pool-parts.ts'

/** Deterministic, so that a failure can be run again. */
function createRandom (seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}

const PIECES = ['a', 'A', 'b', '0', '.', '..', '-', '_', '/', '\\', '\0', ' ', ':', 'é', 'e\u0301', 'É', 'ß', 'ss', 'ſ', 'İ', '\u212A', 'k', '\uD800', '\uDC00', '😀', '{user}', '{tenant}', '\n', 'x'.repeat(40)]

function names (count: number): string[] {
  const random = createRandom(7)
  const found = new Set(['', '.', '..', '-', 'con', 'Alice', 'alice', 'ALICE', 'alice.', '-rf', 'a'.repeat(48), 'a'.repeat(49), 'a'.repeat(300)])
  while (found.size < count) found.add(Array.from({ length: random(5) }, () => PIECES[random(PIECES.length)]).join(''))
  // Names taken on purpose: what another name is turned into.
  for (const name of [...found].slice(0, count / 2)) found.add(pathName([name], true)).add(pathName(['acme', name], false))
  return [...found]
}

describe('names of identities in paths (T43)', () => {
  it('keeps plain lower-case names readable', () => {
    for (const name of ['alice', 'a', '0', 'a.b', 'alice_2', 'mary-jane', 'a--b', 'x'.repeat(48)]) assert.equal(pathName([name], true), name)
  })

  it('hashes everything else', () => {
    for (const name of ['Alice', '', '.', '..', '-rf', '.ssh', 'alice.', 'a b', 'é', 'x'.repeat(49), `a-${'0'.repeat(40)}`]) {
      assert.match(pathName([name], true), /^[a-z0-9][a-z0-9-]*-[0-9a-f]{40}$/, JSON.stringify(name))
    }
    assert.match(pathName(['Alice Müller@example.com'], true), /^alice-m-ller-example-com-/)
  })

  it('is one safe segment, and different for different names, on case-insensitive file systems too', () => {
    const taken = new Map<string, string>()
    for (const name of names(4000)) {
      const path = pathName([name], true)
      assert.match(path, /^[a-z0-9](?:[a-z0-9._-]{0,90}[a-z0-9_-])?$/)
      assert.equal(taken.get(path.toLowerCase()), undefined, JSON.stringify([taken.get(path), name]))
      taken.set(path.toLowerCase(), name)
    }
  })

  for (const template of ['/d/{tenant}/{user}', '/d/{user}/{tenant}.json', '/d/{user}', '/d/{tenant}-{user}', '/d/{user}{tenant}', '--root={tenant}:{user}', '/d/{tenant}{user}/{tenant}', '{user}-{tenant}-{user}']) {
    it(`two identities never fill ${template} alike`, () => {
      const taken = new Map<string, string>()
      const some = [...names(60), 'a-b', 'b-c', 'a', 'b', 'c', 'b.c', 'a.b']
      for (const tenant of some) {
        for (const user of some) {
          const filled = fillTemplate(template, identity(tenant, user), 'key').toLowerCase()
          const key = JSON.stringify([tenant, user])
          assert.equal(taken.get(filled) ?? key, key)
          taken.set(filled, key)
        }
      }
    })
  }
})

describe('templates', () => {
  it('fills only {tenant} and {user}, once', () => {
    assert.equal(fillTemplate('/d/{tenant}/{user}/{x}/{ user }', identity('acme', 'alice'), 'key'), '/d/acme/alice/{x}/{ user }')
    assert.match(fillTemplate('{tenant}', identity('{user}', 'alice'), 'key'), /^user-[0-9a-f]{40}$/)
    assert.equal(fillTemplate('plain', {}, 'key'), 'plain')
  })

  it('keeps a user readable only beside the tenant', () => {
    assert.equal(fillTemplate('/d/{tenant}/{user}.json', identity('acme', 'alice'), 'key'), '/d/acme/alice.json')
    assert.match(fillTemplate('/d/{user}', identity('acme', 'alice'), 'key'), /^\/d\/alice-[0-9a-f]{40}$/)
    assert.match(fillTemplate('{tenant}-{user}', identity('acme', 'alice'), 'key'), /^acme-alice-[0-9a-f]{40}$/)
  })

  it('is refused where the isolation level has no such identity', () => {
    const refusals: Array<[string, ReturnType<typeof identity>, RegExp]> = [
      ['/d/{user}', {}, /args\[0\] holds \{user\}.*isolation user/],
      ['/d/{tenant}', {}, /args\[0\] holds \{tenant\}.*isolation tenant/],
      ['/d/{tenant}/{user}', identity('acme'), /args\[0\] holds \{user\}/]
    ]
    for (const [template, who, reason] of refusals) {
      assert.throws(() => fillTemplate(template, who, 'args[0]'), (error: { code?: string, details?: { reason?: string } }) => {
        return error.code === 'GW_CONFIG' && reason.test(error.details?.reason ?? '')
      })
    }
    assert.equal(fillTemplate('/d/{tenant}', identity('acme'), 'key'), '/d/acme')
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { aggregateItems, aggregateName, createNameIndex, looksHashed } from '../../../src/routing/index.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { ServerName } from '../../../src/shared/ids.ts'
import { seeded } from '../../helpers/random.ts'
import { randomServer, randomToolName } from './random-name.ts'

const server = brandAs<ServerName>('a')
/** Two names whose readable parts and hashes are equal on server `a`; found by trying. */
const twins = ['x聛丂', 'x蚅丄'] as const

describe('aggregate names (rulings 5)', () => {
  test('literal forms', () => {
    assert.equal(aggregateName('everything', 'echo'), 'everything__echo')
    assert.equal(aggregateName('a', '_x'), 'a___x')
    assert.equal(aggregateName('a', '__x'), 'a____x')
    assert.equal(aggregateName('everything', 'x.y'), 'everything__x_y_5eee538c')
    assert.equal(aggregateName('a', 'tool/with/slash'), 'a__tool_with_slash_392c0b5e')
    assert.equal(aggregateName('filesystem', 'é'), 'filesystem____e23a8c25')
    assert.equal(aggregateName('srv', 't'.repeat(59)), `srv__${'t'.repeat(59)}`)
    assert.equal(aggregateName('srv', 't'.repeat(80)), `srv__${'t'.repeat(50)}_cbe9c9bb`)
    assert.equal(aggregateName('a', twins[0]), aggregateName('a', twins[1]))
  })

  test('at most 64 characters of [A-Za-z0-9_-], deterministic, and spelled out wherever the rule allows it', () => {
    for (let seed = 1; seed <= 20_000; seed++) {
      const random = seeded(seed)
      const [name, tool] = [randomServer(random), randomToolName(random)]
      const aggregate = aggregateName(name, tool)
      assert.match(aggregate, /^[A-Za-z0-9_-]{1,64}$/, `seed ${seed}`)
      assert.equal(aggregateName(name, tool), aggregate)
      const plain = `${name}__${tool}`
      if (/^[A-Za-z0-9_-]{1,64}$/.test(plain)) assert.equal(aggregate, plain, `seed ${seed}`)
      else assert.ok(looksHashed(aggregate) && aggregate.endsWith(createHash('sha256').update(`${name}\0${tool}`).digest('hex').slice(0, 8)), `seed ${seed}`)
      assert.ok(aggregate.startsWith(`${name}__`), `seed ${seed}`)
    }
  })
})

describe('the way back', () => {
  test('every learned name comes back to its own server and name, whatever else was learned', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed)
      const servers = [...new Set(Array.from({ length: 6 }, () => randomServer(random)))]
      const index = createNameIndex()
      const pairs = servers.flatMap((name) => Array.from({ length: 20 }, () => ({ server: name, name: randomToolName(random) })))
      for (const pair of pairs) index.learn(pair.server, pair.name)
      const sharing = Map.groupBy(pairs, (pair) => aggregateName(pair.server, pair.name))
      for (const [aggregate, rivals] of sharing) {
        const [pair] = rivals as [typeof rivals[number]]
        assert.ok(rivals.every((rival) => rival.server === pair.server), `seed ${seed}: two servers share a name`)
        const found = index.resolve(aggregate, servers)
        // Lone surrogates hash like U+FFFD, so such names may share an aggregate; the answer is always one of them.
        assert.ok(rivals.some((rival) => rival.name === found?.name && rival.server === found.server), `seed ${seed}: ${JSON.stringify(pair)}`)
        if (new Set(rivals.map((rival) => rival.name)).size === 1) assert.deepEqual(found, pair, `seed ${seed}`)
        assert.equal(index.resolve(aggregate, servers.filter((other) => other !== pair.server)), undefined)
      }
    }
  })

  test('spelled-out names need no list', () => {
    const index = createNameIndex()
    const servers = ['a', 'a-', 'a_b', 'ab'].map((name) => brandAs<ServerName>(name))
    assert.deepEqual(index.resolve('a__x', servers), { server: 'a', name: 'x' })
    assert.deepEqual(index.resolve('a___x', servers), { server: 'a', name: '_x' })
    assert.deepEqual(index.resolve('a_b__x__y', servers), { server: 'a_b', name: 'x__y' })
    assert.deepEqual(index.resolve('a-__x', servers), { server: 'a-', name: 'x' })
  })

  test('nothing but the exact form of an allowed server resolves (T25)', () => {
    const index = createNameIndex()
    for (const wrong of ['', 'x', '__x', 'a', 'a_', 'a__', 'a_x', 'b__x', 'A__x', 'a__x.y', 'a__x y', `a__${'x'.repeat(62)}`, 'a__\u0000', '__proto____x', 'constructor__x']) {
      assert.equal(index.resolve(wrong, [server]), undefined, wrong)
    }
    assert.equal(index.resolve('a__x', []), undefined)
    index.learn(server, 'x.y')
    assert.equal(index.resolve(aggregateName('a', 'x.y'), [brandAs<ServerName>('b')]), undefined)
  })

  test('a name that is not hashed is not remembered, a thousand hashed ones per server are', () => {
    const index = createNameIndex()
    const name = (count: number) => `tool.${count}`
    const noisy = brandAs<ServerName>('noisy')
    index.learn(server, 'x.y')
    for (let count = 0; count < 5000; count++) index.learn(noisy, name(count))
    const known = Array.from({ length: 5000 }, (_, count) => index.resolve(aggregateName('noisy', name(count)), [noisy])?.name === name(count))
    assert.equal(known.filter(Boolean).length, 1000)
    assert.equal(known.indexOf(true), 4000)
    assert.equal(index.resolve(aggregateName('a', 'x.y'), [server])?.name, 'x.y', 'one server does not push out another')
  })
})

describe('two names of one server that come to one aggregate name', () => {
  const hashed = aggregateName('a', 'x.y')
  const literal = hashed.slice('a__'.length)
  const cases = [
    { why: 'a tool literally called like the hash of another keeps the name', names: ['x.y', literal], owner: literal },
    { why: 'of two hashed names with equal digits the first in order keeps it', names: [...twins], owner: [...twins].toSorted()[0] }
  ]
  for (const { why, names, owner } of cases) {
    test(`${why}, in either order, in the list and on the way back`, () => {
      const aggregate = aggregateName('a', names[0] as string)
      for (const order of [names, names.toReversed()]) {
        assert.ok(order.every((name) => aggregateName('a', name) === aggregate))
        const index = createNameIndex()
        for (const name of order) index.learn(server, name)
        assert.deepEqual(index.resolve(aggregate, [server]), { server: 'a', name: owner })
        for (const kind of ['tools', 'prompts'] as const) {
          assert.deepEqual(aggregateItems(kind, server, order.map((name) => ({ name, was: name }))), [{ name: aggregate, was: owner }])
        }
      }
    })
  }
})

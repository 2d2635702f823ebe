import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BoundedMap, canonicalText, digestOf, frozen, jittered, jitteredHint } from '../../../src/cache/index.ts'

describe('a bounded map', () => {
  it('forgets the oldest, and what is set anew counts once', () => {
    const map = new BoundedMap<number>({ maxEntries: 3, maxChars: 10, maxEntryChars: 5 })
    for (let turn = 0; turn < 100; turn++) map.set('a', turn, 5)
    map.set('b', 1, 5)
    map.set('c', 2, 1)
    assert.deepEqual(['a', 'b', 'c'].map((key) => map.get(key)), [undefined, 1, 2])
    map.set('b', 3, 6)
    assert.deepEqual([map.get('b'), map.size, map.chars], [undefined, 1, 1], 'one that is too large takes its predecessor with it')
    for (const key of 'defg') map.set(key, 0, 0)
    assert.deepEqual([map.size, map.get('d'), map.get('g')], [3, undefined, 0])
    map.delete('nothing')
    assert.equal(map.size, 3)
  })

  it('spares once what was read, and tells of what goes', () => {
    const gone: string[] = []
    const map = new BoundedMap<number>({ maxEntries: 3, maxChars: 100, maxEntryChars: 100 }, (key) => { gone.push(key) })
    for (const key of 'abc') map.set(key, 0, 1)
    map.get('a')
    for (const key of 'de') map.set(key, 0, 1)
    assert.deepEqual([gone, map.get('a')], [['b', 'c'], 0])
    for (const key of 'fghijk') map.set(key, 0, 1)
    assert.ok(gone.includes('a'), 'not for ever')
  })

  it('is not held up by entries that are all read', () => {
    const map = new BoundedMap<number>({ maxEntries: 1000, maxChars: 1e6, maxEntryChars: 1 })
    for (let index = 0; index < 1000; index++) map.set(`${index}`, index, 1)
    for (let index = 0; index < 1000; index++) map.get(`${index}`)
    map.set('new', 0, 1)
    assert.deepEqual([map.size, map.get('new'), map.get('16')], [1000, 0, undefined])
  })
})

describe('names of requests', () => {
  it('no part can imitate a border (T22)', () => {
    const names = [['a', 'b'], ['ab'], ['a,b'], ['a","b'], [['a', 'b']], ['a', 'b', null], ['a', ['b']]].map((parts) => digestOf(parts))
    assert.equal(new Set(names).size, names.length)
  })

  it('equal requests have one text, however their members are ordered; others never do', () => {
    assert.equal(canonicalText({ b: { y: 1, x: [{ d: 1, c: 2 }] }, a: null }), canonicalText({ a: null, b: { x: [{ c: 2, d: 1 }], y: 1 } }))
    const others = [{ a: 1 }, { a: '1' }, { a: [1] }, { a: { 0: 1 } }, { A: 1 }, { a: 1, b: null }, {}, [], null, 'a', { a: 1.5 }].map((value) => canonicalText(value))
    assert.equal(new Set(others).size, others.length)
    assert.notEqual(canonicalText(JSON.parse('{"__proto__":{"a":1}}')), canonicalText({}))
    assert.equal(canonicalText(JSON.parse('{"__proto__":{"b":1,"a":1}}')), canonicalText(JSON.parse('{"__proto__":{"a":1,"b":1}}')))
  })

  it('what is kept cannot be changed, however deep it is', () => {
    let deep: unknown[] = []
    for (let depth = 0; depth < 100_000; depth++) deep = [deep]
    const value = frozen({ a: [{ b: 1 }], deep, nothing: null })
    assert.throws(() => { (value.a[0] as { b: number }).b = 2 }, TypeError)
    assert.throws(() => { value.a.push({ b: 3 }) }, TypeError)
  })

  it('a server\'s time is never stretched, the operator\'s a tenth at most (FR17, T23)', () => {
    assert.deepEqual([0, 0.5, 1].map((random) => Math.round(jittered(1000, random))), [900, 1000, 1100])
    assert.deepEqual([0, 1].map((random) => Math.round(jitteredHint(1000, random))), [1000, 900])
    assert.equal(jitteredHint(1e12, 0), 300_000)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCache, Flights, type Cache, type CacheOptions, type Slot } from '../../../src/cache/index.ts'
import { testClock, type TestClock } from '../limits/callers.ts'

type Value = { readonly text: string }

function slot (group = 'g', id = 'i', kind: Slot<Value>['topic']['kind'] = 'tools'): Slot<Value> {
  return { topic: { group, kind }, id, isShared: true, codec: { toJson: (value) => value, fromJson: (json) => json as Value } }
}

function bench (more: Partial<CacheOptions> = {}): { readonly cache: Cache, readonly clock: TestClock, keep (slot: Slot<Value>, text: string, ttlMs?: number): void } {
  const clock = testClock()
  const cache = createCache({ maxBytes: 1_000_000, nowMs: clock.nowMs, wallMs: clock.nowMs, ...more })
  return { cache, clock, keep: (where, text, ttlMs = 1000) => { cache.keep(where, cache.begin(), { text }, text.length, ttlMs) } }
}

describe('what is kept', () => {
  it('is found under its own group, kind and id alone', () => {
    const { cache, keep } = bench()
    keep(slot(), 'kept')
    assert.deepEqual(cache.last(slot())?.value, { text: 'kept' })
    for (const other of [slot('h'), slot('g', 'j'), slot('g', 'i', 'reads')]) assert.equal(cache.last(other), undefined)
  })

  it('is gone when its topic has changed, and others stay', () => {
    const { cache, keep } = bench()
    keep(slot(), 'a')
    keep(slot('g', 'second page'), 'b')
    keep(slot('h'), 'c')
    keep(slot('g', 'i', 'prompts'), 'd')
    cache.forget({ group: 'g', kind: 'tools' })
    assert.deepEqual([slot(), slot('g', 'second page'), slot('h'), slot('g', 'i', 'prompts')].map((each) => cache.last(each)?.value.text), [undefined, undefined, 'c', 'd'])
    keep(slot(), 'anew')
    assert.equal(cache.last(slot())?.value.text, 'anew')
  })

  it('is not what a change overtook, however late it lands', () => {
    const { cache } = bench()
    const reading = cache.begin()
    cache.forget(slot().topic)
    cache.keep(slot(), reading, { text: 'old' }, 3, 1000)
    assert.equal(cache.last(slot()), undefined)
    assert.deepEqual([cache.stands(slot().topic, reading.since), cache.stands(slot('h').topic, reading.since)], [false, true])
  })

  it('never comes back when so much changes that changes are forgotten', () => {
    const { cache, keep } = bench()
    keep(slot(), 'a')
    cache.forget(slot().topic)
    for (let index = 0; index < 30_000; index++) cache.forget({ group: `other ${index}`, kind: 'tools' })
    assert.equal(cache.last(slot()), undefined)
  })

  it('is bounded in bytes, and one entry to an eighth of them', () => {
    const { cache, keep } = bench({ maxBytes: 80_000 })
    keep(slot('large'), 'x'.repeat(4000))
    assert.equal(cache.last(slot('large')), undefined)
    for (let index = 0; index < 100; index++) keep(slot(`${index}`), 'x'.repeat(1000))
    assert.ok(cache.size.bytes <= 80_000 && cache.size.entries === 22, JSON.stringify(cache.size))
    assert.deepEqual([cache.last(slot('0')), cache.last(slot('99'))?.value.text.length], [undefined, 1000])
  })

  it('takes nothing in while memory is short, and still answers (FR37)', () => {
    let isShort = false
    const { cache, keep } = bench({ noCache: () => isShort })
    keep(slot(), 'before')
    isShort = true
    keep(slot('h'), 'meanwhile')
    assert.deepEqual([cache.last(slot())?.value.text, cache.last(slot('h'))], ['before', undefined])
  })
})

describe('readings of one thing', () => {
  const plan = (start: () => Promise<string>) => ({ start, isFailure: (text: string) => text === 'failed' })

  it('are one for all who want it at once; the next one is another (FR17)', async () => {
    const { cache, clock } = bench()
    const flights = new Flights<string>(cache, clock.nowMs)
    let readings = 0
    const { promise, resolve } = Promise.withResolvers<string>()
    const start = (): Promise<string> => { readings++; return promise }
    const all = Array.from({ length: 100 }, () => flights.join(slot(), plan(start)))
    const other = flights.join(slot('h'), plan(start))
    assert.equal(readings, 2)
    resolve('read')
    for (const { settled } of [...all, other]) assert.equal(await settled, 'read')
    await flights.join(slot(), plan(start)).settled
    assert.equal(readings, 3)
  })

  it('who comes after a change begins anew', async () => {
    const { cache, clock } = bench()
    const flights = new Flights<string>(cache, clock.nowMs)
    const old = flights.join(slot(), plan(() => Promise.resolve('old')))
    cache.forget(slot().topic)
    const fresh = flights.join(slot(), plan(() => Promise.resolve('new')))
    assert.deepEqual([await old.settled, await fresh.settled], ['old', 'new'])
  })

  it('a failure is told for a second, one that breaks is over at once', async () => {
    const { cache, clock } = bench()
    const flights = new Flights<string>(cache, clock.nowMs)
    let readings = 0
    const start = (text: string) => (): Promise<string> => { readings++; return text === '' ? Promise.reject(new Error('a bug')) : Promise.resolve(text) }
    assert.equal(await flights.join(slot(), plan(start('failed'))).settled, 'failed')
    clock.advance(999)
    assert.equal(await flights.join(slot(), plan(start('well'))).settled, 'failed')
    clock.advance(1)
    assert.equal(await flights.join(slot(), plan(start('well'))).settled, 'well')
    await assert.rejects(flights.join(slot(), plan(start(''))).settled)
    assert.equal(await flights.join(slot(), plan(start('well'))).settled, 'well')
    assert.equal(readings, 4)
  })
})

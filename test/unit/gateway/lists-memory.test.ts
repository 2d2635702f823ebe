import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BoundedMap } from '../../../src/gateway/lists/bounded-map.ts'
import { inLanes } from '../../../src/gateway/lists/in-lanes.ts'
import { listOf, type ListMethod } from '../../../src/gateway/lists/list-method.ts'
import { createLists, type Lists } from '../../../src/gateway/lists/lists.ts'
import type { ServerList } from '../../../src/gateway/lists/server-list.ts'
import { shortestTtl, ttlOf } from '../../../src/gateway/lists/ttl.ts'
import { createNameIndex } from '../../../src/routing/index.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { TenantId, UserId } from '../../../src/shared/ids.ts'
import type { Isolation } from '../../../src/shared/settings.ts'
import type { Connection, Place } from '../../../src/upstream/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { testClock } from '../limits/callers.ts'
import type { TestClock } from '../limits/callers.ts'
import { appOnlyTool, tool } from './lists-parts.ts'

const list = (method: string): ListMethod => {
  const found = listOf(method)
  if (found === undefined) throw new Error(method)
  return found
}
const [TOOLS, PROMPTS, RESOURCES, TEMPLATES] = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'].map(list) as [ListMethod, ListMethod, ListMethod, ListMethod]
const placeOf = (key: string): Place => ({ key }) as Place
const who = (user: string, tenant = 'acme'): { tenant: TenantId, user: UserId } => ({ tenant: brandAs<TenantId>(tenant), user: brandAs<UserId>(user) })
const made = (own: Partial<ServerList> = {}): ServerList => ({ items: [], chars: 10, digest: 'd', isWhole: true, ttlMs: undefined, ...own })

function bench (): { readonly lists: Lists, readonly clock: TestClock } {
  const clock = testClock()
  return { lists: createLists(createNameIndex(), clock.nowMs), clock }
}

describe('last good lists', () => {
  it('are kept for one worker key and one list; only whole ones are', async () => {
    const { lists: { memory } } = bench()
    const whole = made()
    assert.equal(await memory.read(placeOf('a'), TOOLS, () => Promise.resolve(whole)).settled, whole)
    assert.equal(memory.last(placeOf('a'), TOOLS)?.list, whole)
    for (const [key, other] of [['b', TOOLS], ['a', PROMPTS]] as const) assert.equal(memory.last(placeOf(key), other), undefined)
    for (const worse of [made({ isWhole: false }), undefined]) await memory.read(placeOf('a'), TOOLS, () => Promise.resolve(worse)).settled
    assert.equal(memory.last(placeOf('a'), TOOLS)?.list, whole)
  })

  it('are one reading for all at once, and the next one is another', async () => {
    const { lists: { memory } } = bench()
    let readings = 0
    const start = (): Promise<ServerList> => {
      readings++
      return Promise.resolve(made())
    }
    const flights = Array.from({ length: 10 }, () => memory.read(placeOf('a'), TOOLS, start))
    assert.equal(new Set(flights).size, 1)
    await flights[0]?.settled
    await memory.read(placeOf('a'), TOOLS, start).settled
    assert.equal(readings, 2)
  })

  it('a reading that breaks is over for all, and the next one begins anew', async () => {
    const { lists: { memory } } = bench()
    const broken = memory.read(placeOf('a'), TOOLS, () => Promise.reject(new Error('a bug of ours')))
    await assert.rejects(broken.settled)
    const whole = made()
    assert.equal(await memory.read(placeOf('a'), TOOLS, () => Promise.resolve(whole)).settled, whole)
  })

  it('that have changed are forgotten, and a reading that the change overtook is not kept nor joined', async () => {
    const { lists } = bench()
    const { memory } = lists
    const place = placeOf('a')
    for (const each of [TOOLS, RESOURCES, TEMPLATES]) await memory.read(place, each, () => Promise.resolve(made())).settled
    const { promise, resolve } = Promise.withResolvers<ServerList>()
    const overtaken = memory.read(place, TOOLS, () => promise)
    lists.changed(place, serverSettings(), who('alice'), 'notifications/tools/list_changed')
    assert.equal(memory.last(place, TOOLS), undefined)
    assert.ok(memory.last(place, RESOURCES))
    const fresh = made()
    const after = memory.read(place, TOOLS, () => Promise.resolve(fresh))
    assert.notEqual(after, overtaken)
    await after.settled
    resolve(made({ digest: 'old' }))
    assert.equal((await overtaken.settled)?.digest, 'old')
    assert.equal(memory.last(place, TOOLS)?.list, fresh)
    lists.changed(place, serverSettings(), who('alice'), 'notifications/resources/list_changed')
    assert.deepEqual([memory.last(place, RESOURCES), memory.last(place, TEMPLATES)], [undefined, undefined])
    for (const other of ['notifications/message', 'notifications/roots/list_changed', 'tools/list_changed']) lists.changed(place, serverSettings(), who('alice'), other)
    assert.ok(memory.last(place, TOOLS))
  })

  it('are good for an hour', async () => {
    const { lists: { memory }, clock } = bench()
    await memory.read(placeOf('a'), TOOLS, () => Promise.resolve(made())).settled
    clock.advance(3_600_000)
    assert.ok(memory.last(placeOf('a'), TOOLS))
    clock.advance(1)
    assert.equal(memory.last(placeOf('a'), TOOLS), undefined)
  })

  it('are bounded in number and in size, the oldest go first', async () => {
    const { lists: { memory } } = bench()
    const keep = (key: string, chars: number): Promise<unknown> => memory.read(placeOf(key), TOOLS, () => Promise.resolve(made({ chars }))).settled
    await keep('huge', 2_000_001)
    assert.equal(memory.last(placeOf('huge'), TOOLS), undefined)
    for (let index = 0; index < 17; index++) await keep(`k${index}`, 2_000_000)
    assert.deepEqual([0, 1, 16].map((index) => memory.last(placeOf(`k${index}`), TOOLS) !== undefined), [false, true, true])
    for (let index = 0; index < 10_001; index++) await keep(`s${index}`, 1)
    assert.deepEqual(['k16', 's0', 's1', 's10000'].map((key) => memory.last(placeOf(key), TOOLS) !== undefined), [false, false, true, true])
  })
})

describe('known names', () => {
  const items = [tool('open'), appOnlyTool('panel'), tool('twice'), appOnlyTool('twice'), null, {}, appOnlyTool('')]

  it('tell app-only tools from others, and unknown from known', () => {
    const { lists: { known } } = bench()
    const server = serverSettings()
    assert.equal(known.isAppOnly(server, who('alice'), 'panel'), undefined)
    known.saw(server, who('alice'), TOOLS, items, true)
    assert.deepEqual(['panel', 'open', 'twice', 'other', '', '__proto__'].map((name) => known.isAppOnly(server, who('alice'), name)), [true, false, false, false, false, false])
    known.changed(server, who('alice'), TOOLS)
    assert.equal(known.isAppOnly(server, who('alice'), 'panel'), undefined)
  })

  it('belong to whom the server\'s isolation says, and to one effective entry (T19, T22)', () => {
    const cases: ReadonlyArray<readonly [Isolation, { tenant: TenantId, user: UserId }, boolean]> = [
      ['shared', who('eve', 'globex'), true], ['tenant', who('bob'), true], ['tenant', who('alice', 'globex'), false],
      ['user', who('bob'), false], ['session', who('bob'), false], ['call', who('bob'), false], ['user', who('alice', 'globex'), false], ['user', who('ealice', 'acm'), false]
    ]
    for (const [isolation, other, isSame] of cases) {
      const { lists: { known } } = bench()
      known.saw(serverSettings({ isolation }), who('alice'), TOOLS, items, true)
      assert.equal(known.has(serverSettings({ isolation }), other, TOOLS), isSame, `${isolation} ${other.tenant} ${other.user}`)
      assert.equal(known.has(serverSettings({ isolation, entryHash: 'changed' }), who('alice'), TOOLS), false)
      assert.equal(known.has(serverSettings({ isolation, name: 'other', entryHash: 'srv' }), who('alice'), TOOLS), false)
      assert.equal(known.has(serverSettings({ isolation }), who('alice'), PROMPTS), false)
    }
  })

  it('of a server that says nothing, or not all, are asked for again after half a minute', () => {
    const { lists: { known }, clock } = bench()
    const server = serverSettings()
    known.missed(server, who('alice'), TOOLS)
    assert.equal(known.isAppOnly(server, who('alice'), 'panel'), false)
    clock.advance(30_000)
    assert.equal(known.isAppOnly(server, who('alice'), 'panel'), undefined)
    known.saw(server, who('alice'), TOOLS, items, false)
    clock.advance(30_000)
    assert.deepEqual(['panel', 'open'].map((name) => known.isAppOnly(server, who('alice'), name)), [true, undefined])
    known.missed(server, who('alice'), TOOLS)
    assert.deepEqual(['panel', 'open'].map((name) => known.isAppOnly(server, who('alice'), name)), [true, false])
    known.saw(server, who('alice'), TOOLS, items, true)
    known.missed(server, who('alice'), TOOLS)
    clock.advance(30_000)
    assert.deepEqual(['panel', 'open'].map((name) => known.isAppOnly(server, who('alice'), name)), [true, false], 'one failure later does not unlearn them')
  })

  it('are bounded; a list with too many of them is known all the same', () => {
    const { lists: { known } } = bench()
    const server = serverSettings()
    known.saw(server, who('alice'), TOOLS, Array.from({ length: 1000 }, (_, index) => appOnlyTool(`${index}`.padStart(1000, 'x'))), true)
    const hidden = Array.from({ length: 1000 }, (_, index) => known.isAppOnly(server, who('alice'), `${index}`.padStart(1000, 'x')))
    assert.deepEqual([hidden[0], hidden.at(-1), hidden.filter(Boolean).length], [true, false, 199])
    for (let user = 0; user < 10_000; user++) known.saw(server, who(`u${user}`), TOOLS, items, true)
    assert.deepEqual([known.has(server, who('alice'), TOOLS), known.has(server, who('u9999'), TOOLS)], [false, true])
  })
})

describe('small parts', () => {
  it('a bounded map forgets the oldest, and what is set anew counts once', () => {
    const map = new BoundedMap<number>({ maxEntries: 3, maxChars: 10, maxEntryChars: 5 })
    for (let turn = 0; turn < 100; turn++) map.set('a', turn, 5)
    map.set('b', 1, 5)
    map.set('c', 2, 1)
    assert.deepEqual(['a', 'b', 'c'].map((key) => map.get(key)), [undefined, 1, 2])
    map.set('b', 3, 6)
    assert.deepEqual([map.get('b'), map.size], [undefined, 1], 'one that is too large takes its predecessor with it')
    for (const key of 'defg') map.set(key, 0, 0)
    assert.deepEqual([map.size, map.get('d'), map.get('g')], [3, undefined, 0])
    map.delete('nothing')
    assert.equal(map.size, 3)
  })

  it('lanes: never more at once, results in order, a rejection reaches the caller', async () => {
    let running = 0
    let most = 0
    const each = async (item: number): Promise<number> => {
      most = Math.max(most, ++running)
      for (let turn = item % 5; turn >= 0; turn--) await Promise.resolve()
      running--
      return item * 2
    }
    const items = Array.from({ length: 100 }, (_, index) => index)
    assert.deepEqual(await inLanes(16, items, each), items.map((item) => item * 2))
    assert.equal(most, 16)
    assert.deepEqual(await inLanes(16, [], each), [])
    await assert.rejects(inLanes(2, items, (item) => item === 50 ? Promise.reject(new Error('it')) : each(item)), /it/)
  })

  it('how long a list may be kept: only modern servers say, nobody for longer than five minutes, the shortest counts (T23)', () => {
    const modern = { era: 'modern' } as Connection
    assert.deepEqual([5000, 0, 1e12, -1, '5', null, undefined, Number.NaN].map((ttlMs) => ttlOf(modern, { ttlMs })), [5000, 0, 300_000, undefined, undefined, undefined, undefined, undefined])
    assert.equal(ttlOf({ era: 'legacy' } as Connection, { ttlMs: 5000 }), undefined)
    assert.equal(ttlOf(undefined, { ttlMs: 5000 }), undefined)
    assert.deepEqual([shortestTtl([]), shortestTtl([undefined]), shortestTtl([300_000, 5000]), shortestTtl([300_000, undefined]), shortestTtl([5000, undefined])], [undefined, undefined, 5000, 60_000, 5000])
  })
})

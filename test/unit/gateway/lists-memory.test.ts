import assert from 'node:assert/strict'
import { ToolBook } from '../../../src/gateway/arguments/tool-book.ts'
import { createSchemaBook } from '../../../src/schemas/index.ts'
import { describe, it } from 'node:test'
import { createCache } from '../../../src/cache/index.ts'
import { inLanes } from '../../../src/gateway/lists/in-lanes.ts'
import { listOf, type ListMethod } from '../../../src/gateway/lists/list-method.ts'
import { createLists, type Lists } from '../../../src/gateway/lists/lists.ts'
import { shortestTtl, ttlOf } from '../../../src/gateway/lists/ttl.ts'
import { createNameIndex } from '../../../src/routing/index.ts'
import { brandAs } from '../../../src/shared/ids.ts'
import type { TenantId, UserId } from '../../../src/shared/ids.ts'
import type { Isolation } from '../../../src/shared/settings/server.ts'
import type { Connection } from '../../../src/upstream/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { testClock } from '../limits/callers.ts'
import type { TestClock } from '../limits/callers.ts'
import { appOnlyTool, tool } from './lists-parts.ts'

const list = (method: string): ListMethod => {
  const found = listOf(method)
  if (found === undefined) throw new Error(method)
  return found
}
const [TOOLS, PROMPTS] = ['tools/list', 'prompts/list'].map(list) as [ListMethod, ListMethod]
const who = (user: string, tenant = 'acme'): { tenant: TenantId, user: UserId } => ({ tenant: brandAs<TenantId>(tenant), user: brandAs<UserId>(user) })

function bench (): { readonly lists: Lists, readonly clock: TestClock } {
  const clock = testClock()
  return { lists: createLists(createNameIndex(), createCache({ maxBytes: 1e6, nowMs: clock.nowMs, wallMs: Date.now }), new ToolBook(createSchemaBook()), clock.nowMs), clock }
}

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
    for (let user = 0; user < 20_000; user++) known.saw(server, who(`u${user}`), TOOLS, items, true)
    assert.deepEqual([known.has(server, who('alice'), TOOLS), known.has(server, who('u19999'), TOOLS)], [false, true])
  })
})

describe('small parts', () => {
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

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ERRORS, type GatewayError } from '../../../src/shared/errors.ts'
import type { Era } from '../../../src/shared/era.ts'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { ask, conformance, installed, openings } from './opening-parts.ts'
import { runs } from './upstream-parts.ts'

const DAY_MS = 86_400_000
const USERS = ['a', 'b', 'c', 'd', 'e']
const reasonOf = (opening: Promise<unknown>): Promise<string> => opening.then(() => 'opened', (error: GatewayError) => `${error.code} ${error.details.reason ?? ''}`)
const discovers = (...answers: object[]): Partial<ServerSettings> => ({ ...runs('modern-puppet.mjs'), env: { PUPPET_DISCOVER: JSON.stringify(answers) } })

describe('real servers, by the era of the client that comes first', () => {
  const rows: ReadonlyArray<readonly [string, Partial<ServerSettings>, Era, Era]> = [
    ['SDK v2 of both eras', conformance('dual'), 'legacy', 'legacy'],
    ['SDK v2 of both eras', conformance('dual'), 'modern', 'modern'],
    ['SDK v2, modern only', conformance('modern'), 'legacy', 'modern'],
    ['SDK v2, modern only', conformance('modern'), 'modern', 'modern'],
    ['SDK v1', conformance('legacy'), 'legacy', 'legacy'],
    ['SDK v1', conformance('legacy'), 'modern', 'legacy'],
    ['server-everything', installed('server-everything'), 'modern', 'legacy'],
    ['server-memory', installed('server-memory'), 'modern', 'legacy']
  ]
  for (const [name, entry, client, era] of rows) {
    it(`${name}, ${client} client: ${era}, in one process`, async (t) => {
      const { place, started, told, connections } = await openings(t)
      const held = place(entry, { era: client })
      const connection = await held.ready()
      const tools = await ask(connection, 'tools/list')
      assert.ok(Array.isArray((tools.result as { tools?: unknown }).tools), JSON.stringify(tools))
      assert.deepEqual([connection.era, started(), told, connections.eras(serverSettings())?.eras], [era, 1, ['opened'], [era]])
      assert.equal(connection.initializeResult['protocolVersion'], era === 'modern' ? '2026-07-28' : '2025-11-25')
      assert.deepEqual([typeof (connection.initializeResult['serverInfo'] as { name: unknown }).name, connection.listen === undefined], ['string', era === 'legacy'])
    })
  }

  it('a legacy client costs a legacy server nothing: initialize is the first thing it hears', async (t) => {
    const { place, started } = await openings(t)
    for (const name of ['exits-on-probe.mjs', 'silent-on-probe.mjs']) assert.equal((await place(runs(name), { era: 'legacy', user: name }).ready()).era, 'legacy')
    assert.equal(started(), 2)
  })
})

/** A legacy server that refuses everything else in the words of the gateway for a server that did not answer in time. */
const SAYS_LATE = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line)
  const { rpcCode, message } = ${JSON.stringify(ERRORS.GW_UPSTREAM_DEADLINE)}
  const answer = method === 'initialize' ? { result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'late', version: '1' } } } : { error: { code: rpcCode, message } }
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
})`

it('a server that says that it did not answer in time has answered: the other era is tried on the same process', async (t) => {
  const { place, started } = await openings(t)
  assert.equal((await place({ command: process.execPath, args: ['-e', SAYS_LATE] }, { era: 'modern' }).ready()).era, 'legacy')
  assert.equal(started(), 1)
})

describe('servers that a probe ends', () => {
  for (const name of ['exits-on-probe.mjs', 'silent-on-probe.mjs']) {
    it(`${name}: one process more, once; never again for a day, not after a restart either`, async (t) => {
      const { place, started, told, clock, restart, connections } = await openings(t)
      const entry = { ...runs(name), startTimeoutMs: 4000 }
      const open = async (user: string): Promise<Era> => (await place(entry, { era: 'modern', user }).ready()).era
      assert.deepEqual([await open('a'), started()], ['legacy', 2])
      assert.deepEqual([await open('b'), await open('c'), started()], ['legacy', 'legacy', 4])
      assert.deepEqual([told, connections.status().length], [['opened', 'opened', 'opened'], 3])
      await restart()
      clock.advance(DAY_MS - 1000)
      assert.deepEqual([await open('a'), started()], ['legacy', 5])
      clock.advance(2000)
      assert.deepEqual([await open('b'), started()], ['legacy', 7])
      assert.ok(told.every((line) => line === 'opened'), told.join())
    })
  }

  it('of many users at once one finds it out, and the others wait for that', async (t) => {
    const { place, started } = await openings(t)
    const opened = await Promise.all(USERS.map((user) => place(runs('exits-on-probe.mjs'), { era: 'modern', user }).ready()))
    assert.deepEqual([opened.map(({ era }) => era).join(), started()], ['legacy,legacy,legacy,legacy,legacy', 6])
  })

  it('one that cannot start at all is a failed start, and no verdict', async (t) => {
    const { place, started, told, connections } = await openings(t)
    const held = place(runs('exits-at-start.mjs'), { era: 'modern' })
    assert.match(await reasonOf(held.ready()), /^GW_UPSTREAM_START initialize failed/)
    assert.deepEqual([started(), told, connections.eras(serverSettings())], [2, ['failed GW_UPSTREAM_START'], undefined])
    assert.match(await reasonOf(held.ready()), /^GW_UPSTREAM_UNAVAILABLE backing off/)
    assert.match(connections.lastFailure(held.server)?.stderr ?? '', /cannot start: no token/)
  })

  it('whoever leaves while it is found out ends it, and the next one begins anew', async (t) => {
    const { place, started } = await openings(t)
    const entry = { ...runs('never-initializes.mjs'), isolation: 'session' } as const
    const first = place(entry, { era: 'modern', session: 's1' })
    const second = place(entry, { era: 'modern', session: 's2' })
    const [one, other] = [reasonOf(first.ready()), reasonOf(second.ready())]
    second.release()
    assert.match(await other, /^GW_CANCELLED/)
    first.release()
    assert.match(await one, /^GW_CANCELLED/)
    assert.ok(started() <= 1)
  })
})

describe('a server that is another one now', () => {
  it('modern as far as known, legacy in fact: found out on the spot, on the same process where it can be', async (t) => {
    const { place, started, told, connections } = await openings(t)
    const server = serverSettings()
    await place(conformance('modern'), { era: 'legacy', user: 'a' }).ready()
    assert.deepEqual([connections.eras(server)?.eras, started()], [['modern'], 1])
    assert.equal((await place(conformance('legacy'), { era: 'modern', user: 'b' }).ready()).era, 'legacy')
    assert.deepEqual([connections.eras(server)?.eras, started(), told], [['legacy'], 2, ['opened', 'opened']])
  })

  it('modern as far as known, and now one that exits on the question', async (t) => {
    const { place, started, told } = await openings(t)
    await place(conformance('modern'), { era: 'modern', user: 'a' }).ready()
    assert.equal((await place(runs('exits-on-probe.mjs'), { era: 'modern', user: 'b' }).ready()).era, 'legacy')
    assert.deepEqual([started(), told], [3, ['opened', 'opened']])
  })

  it('legacy only as far as known: modern only is found out on the spot, both eras after a day', async (t) => {
    const { place, clock } = await openings(t)
    const eraOf = async (entry: Partial<ServerSettings>, user: string): Promise<Era> => (await place(entry, { era: 'modern', user }).ready()).era
    assert.equal(await eraOf(conformance('legacy'), 'a'), 'legacy')
    assert.equal(await eraOf(conformance('dual'), 'b'), 'legacy')
    assert.equal(await eraOf(conformance('modern'), 'c'), 'modern')
    assert.equal(await eraOf(conformance('legacy'), 'd'), 'legacy')
    clock.advance(DAY_MS + 1)
    assert.equal(await eraOf(conformance('dual'), 'e'), 'modern')
  })
})

describe('era: pinned', () => {
  for (const [what, entry, era, reason] of [
    ['legacy, of a modern-only server', conformance('modern'), 'legacy', /initialize failed: -32022; the server seems to speak modern revisions only/],
    ['modern, of a legacy server', conformance('legacy'), 'modern', /server\/discover failed: -32601, and the entry allows the modern era only/],
    ['modern, of one that exits on it', runs('exits-on-probe.mjs'), 'modern', /server\/discover ended the server, and the entry/],
    ['modern, of one that is silent', { ...runs('silent-on-probe.mjs'), startTimeoutMs: 1000 }, 'modern', /server\/discover was not answered in time, and the entry/]
  ] as const) {
    it(`${what}: a start that fails, and says why`, async (t) => {
      const { place, started, told } = await openings(t)
      assert.match(await reasonOf(place({ ...entry, era }, { era: 'modern' }).ready()), reason)
      assert.deepEqual([started(), told], [1, ['failed GW_UPSTREAM_START']])
    })
  }

  it('is what a server of both eras is spoken to in, whoever comes', async (t) => {
    const { place } = await openings(t)
    assert.equal((await place({ ...conformance('dual'), era: 'legacy' }, { era: 'modern' }).ready()).era, 'legacy')
    assert.equal((await place({ ...conformance('dual'), era: 'modern' }, { era: 'legacy', user: 'b' }).ready()).era, 'modern')
  })
})

describe('answers to server/discover', () => {
  const legacy = { result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } } }
  const unsupported = (supported?: string[]): object => ({ error: { code: -32022, message: 'Unsupported protocol version', data: { supported } } })
  const rows: ReadonlyArray<readonly [string, object[], Era]> = [
    ['-32022 that names our revision is asked once more', [unsupported(['2026-07-28'])], 'modern'],
    ['-32022 that names it again and again is not', [unsupported(['2026-07-28']), unsupported(['2026-07-28'])], 'legacy'],
    ['-32022 without a revision of ours', [unsupported(['2027-01-01'])], 'legacy'],
    ['-32022 without data', [unsupported()], 'legacy'],
    ['a result for other revisions', [{ result: { supportedVersions: ['2027-01-01'], capabilities: {} } }], 'legacy'],
    ['a result that is none', [{ result: 'yes' }], 'legacy'],
    ['any other error', [{ error: { code: -32000, message: 'Server not initialized' } }], 'legacy']
  ]
  for (const [what, answers, era] of rows) {
    it(`${what}: ${era}, on the same process`, async (t) => {
      const { place, started } = await openings(t)
      const entry = { ...discovers(...answers), env: { PUPPET_DISCOVER: JSON.stringify(answers), PUPPET_INITIALIZE: JSON.stringify(legacy) } }
      assert.deepEqual([(await place(entry, { era: 'modern' }).ready()).era, started()], [era, 1])
    })
  }

  it('a refusal of initialize that names a modern revision in any way leads to it; one that does not is a failed start', async (t) => {
    const { place, started, told } = await openings(t)
    const refuses = (error: object): Partial<ServerSettings> => ({ ...runs('modern-puppet.mjs'), entryHash: JSON.stringify(error), env: { PUPPET_INITIALIZE: JSON.stringify({ error }) } })
    const naming = [{ code: -32000, message: 'speak 2026-07-28 to me' }, { code: 1, message: 'no', data: { versions: ['2026-07-28'] } }, { code: -32601, message: 'Method not found' }, { code: -32602, message: 'Invalid params' }]
    for (const [index, error] of naming.entries()) assert.equal((await place(refuses(error), { era: 'legacy', user: String(index) }).ready()).era, 'modern')
    assert.equal(started(), naming.length)
    assert.match(await reasonOf(place(refuses({ code: -32603, message: 'no database since 2025-11-25' }), { era: 'legacy', user: 'last' }).ready()), /^GW_UPSTREAM_START initialize failed: -32603$/)
    assert.equal(told.at(-1), 'failed GW_UPSTREAM_START')
  })
})

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { createEraVerdicts } from '../../../src/upstream/era-verdicts.ts'
import type { StoredEraVerdicts } from '../../../src/upstream/era-verdicts.ts'
import { serverSettings } from '../../helpers/server-settings.ts'
import { testClock } from '../limits/callers.ts'

const DAY_MS = 86_400_000
const server = serverSettings({ entryHash: 'one' })
const other = serverSettings({ entryHash: 'other' })

async function scratch (t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'verdicts-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

function start (file?: string, clock = testClock()): StoredEraVerdicts & { readonly thrown: unknown[], readonly clock: typeof clock } {
  const thrown: unknown[] = []
  return { ...createEraVerdicts({ file, wallMs: clock.wallMs, onThrown: (one) => { thrown.push(one) } }), thrown, clock }
}

const orders = (verdicts: StoredEraVerdicts, of = server): string[] => [verdicts.order(of, 'legacy').join(), verdicts.order(of, 'modern').join()]

describe('eras to try', () => {
  it('a pinned one alone, whatever is known', () => {
    const verdicts = start()
    verdicts.lacks(server, 'modern')
    assert.deepEqual([orders(verdicts, { ...server, era: 'modern' }), orders(verdicts, { ...server, era: 'legacy' })], [['modern', 'modern'], ['legacy', 'legacy']])
  })

  it('the client\'s first while nothing is known, or both are', () => {
    const verdicts = start()
    assert.deepEqual([orders(verdicts), verdicts.known(server)], [['legacy,modern', 'modern,legacy'], undefined])
    verdicts.speaks(server, 'legacy')
    assert.deepEqual(orders(verdicts), ['legacy,modern', 'modern,legacy'])
    verdicts.speaks(server, 'modern')
    assert.deepEqual([orders(verdicts), verdicts.known(server)?.eras], [['legacy,modern', 'modern,legacy'], ['legacy', 'modern']])
  })

  it('not one that it lacks, for a day', () => {
    const verdicts = start()
    verdicts.speaks(server, 'legacy')
    verdicts.lacks(server, 'modern')
    assert.deepEqual([orders(verdicts), orders(verdicts, other)], [['legacy', 'legacy'], ['legacy,modern', 'modern,legacy']])
    verdicts.clock.advance(DAY_MS)
    // A second time is no news: it would keep the verdict alive for ever.
    verdicts.lacks(server, 'modern')
    assert.deepEqual(orders(verdicts), ['legacy', 'legacy'])
    verdicts.clock.advance(1)
    assert.deepEqual([orders(verdicts), verdicts.known(server)?.eras], [['legacy,modern', 'modern,legacy'], ['legacy']])
  })

  it('both when it lacks both: something has to be tried', () => {
    const verdicts = start()
    verdicts.lacks(server, 'legacy')
    verdicts.lacks(server, 'modern')
    assert.deepEqual([orders(verdicts), verdicts.known(server)], [['legacy,modern', 'modern,legacy'], undefined])
  })

  it('what it did last counts; what is forgotten is found out anew', () => {
    const verdicts = start()
    verdicts.speaks(server, 'modern')
    verdicts.lacks(server, 'modern')
    assert.deepEqual(orders(verdicts), ['legacy', 'legacy'])
    verdicts.speaks(server, 'modern')
    verdicts.lacks(server, 'legacy')
    assert.deepEqual(orders(verdicts), ['modern', 'modern'])
    verdicts.forget(server)
    assert.deepEqual([orders(verdicts), verdicts.known(server)], [['legacy,modern', 'modern,legacy'], undefined])
  })

  it('known since the first time', () => {
    const verdicts = start()
    const atMs = verdicts.clock.wallMs()
    verdicts.speaks(server, 'legacy')
    verdicts.clock.advance(5000)
    verdicts.speaks(server, 'legacy')
    assert.deepEqual(verdicts.known(server), { eras: ['legacy'], atMs })
  })
})

describe('the file', () => {
  it('outlives a restart, dates included, and tells nothing about the servers', async (t) => {
    const dir = join(await scratch(t), 'not', 'there', 'yet')
    const file = join(dir, 'eras.json')
    const before = start(file)
    before.speaks(server, 'legacy')
    before.lacks(server, 'modern')
    await before.flush()
    assert.deepEqual([await readdir(dir), before.thrown], [['eras.json'], []])
    const text = await readFile(file, 'utf8')
    assert.match(text, /"[0-9a-f]{64}"/)
    assert.doesNotMatch(text, /one|srv/)
    const after = start(file, before.clock)
    assert.deepEqual([orders(after), after.known(server)], [['legacy', 'legacy'], before.known(server)])
    before.clock.advance(DAY_MS + 1)
    assert.deepEqual(orders(after), ['legacy,modern', 'modern,legacy'])
    after.forget(server)
    await after.flush()
    assert.equal(start(file).known(server), undefined)
  })

  it('from the future is believed for no longer than a day', async (t) => {
    const file = join(await scratch(t), 'eras.json')
    const wrong = start(file, testClock(400 * DAY_MS))
    wrong.lacks(server, 'modern')
    await wrong.flush()
    assert.deepEqual(orders(start(file)), ['legacy,modern', 'modern,legacy'])
  })

  for (const [what, text] of [
    ['none of JSON', '{"form":1,'], ['another form', '{"form":2,"entries":{}}'], ['no entries', '{"form":1}'], ['null', 'null'],
    ['entries of nothing', `{"form":1,"entries":{"${'a'.repeat(64)}":7,"x":{},"${'b'.repeat(64)}":{"legacy":{"speaks":"yes","atMs":1}},"${'c'.repeat(64)}":{"modern":{"speaks":true,"atMs":null}}}}`]
  ] as const) {
    it(`that is ${what} is as none, and replaced`, async (t) => {
      const file = join(await scratch(t), 'eras.json')
      await writeFile(file, text)
      const verdicts = start(file)
      assert.deepEqual([orders(verdicts), verdicts.known(server)], [['legacy,modern', 'modern,legacy'], undefined])
      verdicts.speaks(server, 'modern')
      await verdicts.flush()
      assert.deepEqual([start(file).known(server)?.eras, verdicts.thrown], [['modern'], []])
    })
  }

  it('that cannot be written is told of, and nothing is left lying about', async (t) => {
    const dir = await scratch(t)
    const file = join(dir, 'eras.json')
    await mkdir(file)
    const verdicts = start(file)
    verdicts.speaks(server, 'modern')
    await verdicts.flush()
    assert.deepEqual([verdicts.thrown.length, verdicts.known(server)?.eras, await readdir(dir)], [1, ['modern'], ['eras.json']])
  })

  it('has a bound: what was touched longest ago goes', async (t) => {
    const file = join(await scratch(t), 'eras.json')
    const verdicts = start(file)
    for (let index = 0; index <= 1000; index++) verdicts.speaks({ ...server, entryHash: String(index) }, 'legacy')
    await verdicts.flush()
    const after = start(file)
    assert.deepEqual([0, 1, 1000].map((index) => after.known({ ...server, entryHash: String(index) })?.eras), [undefined, ['legacy'], ['legacy']])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createResolveLine } from '../../../../src/sandbox/egress/resolve-line.ts'
import { createSpareNamespaces } from '../../../../src/sandbox/egress/spare-namespaces.ts'
import { createWordLimit } from '../../../../src/sandbox/egress/word-limit.ts'
import type { NetworkNamespace } from '../../../../src/sandbox/egress/make-namespace.ts'
import { until } from '../../../helpers/until.ts'

const ANSWER = [{ address: '1.1.1.1', family: 4 }]

describe('name resolution for workers', () => {
  it('two questions at a time, one of each worker: slow names of one keep no other waiting', async () => {
    const asked: string[] = []
    const answers = new Map<string, () => void>()
    const line = createResolveLine(async (host) => await new Promise((resolve) => {
      asked.push(host)
      answers.set(host, () => resolve(ANSWER))
    }))
    const [slow, other, third] = [{}, {}, {}]
    const all = [line.resolve(slow, 'slow-1'), line.resolve(slow, 'slow-2'), line.resolve(other, 'other'), line.resolve(third, 'third')]
    assert.deepEqual(asked, ['slow-1', 'other'])
    answers.get('other')?.()
    assert.deepEqual(await all[2], ANSWER)
    await until('the third is asked', () => asked.length === 3)
    assert.deepEqual(asked, ['slow-1', 'other', 'third'])
    for (const name of ['third', 'slow-1']) answers.get(name)?.()
    await until('the second slow one is asked', () => asked.includes('slow-2'))
    answers.get('slow-2')?.()
    assert.equal((await Promise.all(all)).length, 4)
  })

  it('who has waited too long is not asked for any more; a failure is told', async () => {
    const asked: string[] = []
    const line = createResolveLine(async (host) => {
      asked.push(host)
      if (host === 'gone') throw new Error('ENOTFOUND')
      return await new Promise(() => {})
    }, 40)
    const who = {}
    const waits = [line.resolve(who, 'never'), line.resolve(who, 'behind')]
    for (const wait of waits) await assert.rejects(wait, /no answer within 40 ms/)
    await assert.rejects(line.resolve({}, 'gone'), /ENOTFOUND/)
    assert.deepEqual(asked, ['never', 'gone'])
  })
})

describe('spare namespaces', () => {
  it('are refilled after one was taken, are never given twice, and are let go in the end', async () => {
    const made: string[] = []
    const open = new Set<string>()
    const make = async (): Promise<NetworkNamespace> => {
      const name = `n${made.length}`
      made.push(name)
      open.add(name)
      return { server: undefined as never, enter: [name], close: () => { open.delete(name) } }
    }
    const spares = createSpareNamespaces(2, make)
    assert.equal(made.length, 0)
    const first = await spares.take()
    await until('there are two spares', () => made.length === 3)
    const more = [await spares.take(), await spares.take(), await spares.take()]
    assert.equal(new Set([first, ...more].map(({ enter }) => enter[0])).size, 4)
    await until('they are refilled', () => open.size === 6)
    await spares.close()
    assert.deepEqual([...open].sort(), [first, ...more].map(({ enter }) => enter[0]).sort())
  })

  it('when none can be made, each wish is told so', async () => {
    const spares = createSpareNamespaces(1, async () => { throw new Error('no permission') })
    for (let at = 0; at < 2; at++) await assert.rejects(spares.take(), /no permission/)
    await spares.close()
  })
})

describe('telling of refusals', () => {
  it('twenty in a minute, and again in the next', () => {
    let nowMs = 0
    const mayTell = createWordLimit(() => nowMs)
    const told = (): number => Array.from({ length: 50 }, mayTell).filter(Boolean).length
    assert.equal(told(), 20)
    nowMs = 59_999
    assert.equal(told(), 0)
    nowMs = 60_000
    assert.equal(told(), 20)
  })
})

/** Whose worker starts next, when not all may start at once (FR03, T55). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createStartingLine } from '../../../src/stdio-pool/starting-line.ts'
import type { StartingLine } from '../../../src/stdio-pool/starting-line.ts'
import type { WorkerOwner } from '../../../src/stdio-pool/index.ts'
import { never, owner } from './pool-parts.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A line with one place, taken, and a record of who had turns in it. */
async function fullLine (weights: Readonly<Record<string, number>> = {}): Promise<{ line: StartingLine, order: string[], stand (name: string, who: WorkerOwner, signal?: AbortSignal): void, run (turns: number): Promise<void> }> {
  const line = createStartingLine(() => 1, (tenant) => weights[tenant] ?? 1)
  await line.enter(owner('srv', 'first'), never)
  const order: string[] = []
  return {
    line,
    order,
    stand: (name, who, signal = never) => { line.enter(who, signal).then(() => order.push(name), () => {}) },
    async run (turns) {
      for (let count = 0; count < turns; count++) {
        line.leave()
        await turn()
      }
    }
  }
}

describe('turns in the starting line', () => {
  it('go round the tenants: hundreds of starts of one are behind themselves', async () => {
    const { order, stand, run } = await fullLine()
    for (let index = 0; index < 300; index++) stand('flood', owner('srv', 'a', `u${index}`))
    stand('quiet', owner('srv', 'b', 'v'))
    stand('quiet', owner('srv', 'b', 'v'))
    await run(5)
    assert.deepEqual(order, ['flood', 'quiet', 'flood', 'quiet', 'flood'])
  })

  it('go round the users inside a tenant', async () => {
    const { order, stand, run } = await fullLine()
    for (let index = 0; index < 20; index++) stand('eager', owner(`s${index}`, 'a', 'u'))
    stand('other', owner('srv', 'a', 'v'))
    await run(3)
    assert.deepEqual(order, ['eager', 'other', 'eager'])
  })

  it('follow the weights of the tenants', async () => {
    const { order, stand, run } = await fullLine({ b: 3 })
    for (let index = 0; index < 8; index++) {
      stand('a', owner('srv', 'a', 'u'))
      stand('b', owner('srv', 'b', 'v'))
    }
    await run(8)
    assert.deepEqual(order.join(''), 'bbabbbab')
  })

  it('come last to starts for no tenant, and come', async () => {
    const { order, stand, run } = await fullLine()
    stand('spare', owner('srv'))
    for (let index = 0; index < 20; index++) stand('call', owner('srv', 'a', `u${index}`))
    await run(9)
    assert.deepEqual(order, [...Array.from({ length: 7 }, () => 'call'), 'spare', 'call'])
    const alone = await fullLine()
    alone.stand('spare', owner('srv'))
    await alone.run(1)
    assert.deepEqual(alone.order, ['spare'])
  })

  it('are not lost with those who leave', async () => {
    const { order, stand, run } = await fullLine()
    const leave = new AbortController()
    stand('gone', owner('srv', 'a', 'u'), leave.signal)
    stand('a', owner('srv', 'a', 'u'))
    stand('gone', owner('srv', 'b', 'v'), leave.signal)
    stand('c', owner('srv', 'c', 'w'))
    leave.abort()
    await run(3)
    assert.deepEqual(order, ['a', 'c'])
  })

  it('are right beyond the number of tenants and users that are remembered', async () => {
    const { order, stand, run } = await fullLine()
    const names = Array.from({ length: 600 }, (_, index) => `t${index}`)
    for (const name of names) stand(name, owner('srv', name, 'u'))
    await run(600)
    assert.deepEqual(order, names)
    for (const name of names) stand(name, owner('srv', 'a', name))
    stand('b', owner('srv', 'b', 'u'))
    await run(3)
    assert.deepEqual(order.slice(600), ['t0', 'b', 't1'])
  })
})

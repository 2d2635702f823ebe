/** Whose turn it is in a line of lines (T55). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FairFlow, leaveFairLine } from '../../../src/shared/fair-line.ts'
import type { FairWaiter } from '../../../src/shared/fair-line.ts'
import { seeded } from '../../helpers/random.ts'

interface Named extends FairWaiter { readonly name: string }

function stand (flow: FairFlow, name: string, count = 1): Named[] {
  return Array.from({ length: count }, () => {
    const waiter: Named = { name, flow: undefined, before: undefined, behind: undefined }
    flow.join(waiter)
    return waiter
  })
}

function turns (line: FairFlow, count: number): string {
  return Array.from({ length: count }, () => (line.next() as Named | undefined)?.name ?? '-').join('')
}

describe('a fair line', () => {
  it('a flood of 10,000 leaves the order of the others as it is', () => {
    const line = new FairFlow()
    const [flood, b, c] = [new FairFlow(line), new FairFlow(line), new FairFlow(line)]
    stand(flood, 'f', 10_000)
    stand(b, 'b', 3)
    stand(c, 'c', 2)
    assert.equal(turns(line, 9), 'fbcfbcfbf')
    assert.equal(line.waiting, 10_005 - 9)
  })

  it('weights 1:1 and 1:3', () => {
    for (const [weight, order] of [[1, 'abababab'], [3, 'bbabbbab'], [1 / 4, 'aaabaaaa']] as const) {
      const line = new FairFlow()
      stand(new FairFlow(line), 'a', 20)
      stand(new FairFlow(line, weight), 'b', 20)
      assert.equal(turns(line, 8), order, `1:${weight}`)
    }
  })

  it('who comes late has no credit for the time before, and who comes again none for the time between', () => {
    const line = new FairFlow()
    const [a, b] = [new FairFlow(line), new FairFlow(line)]
    stand(a, 'a', 1000)
    assert.equal(turns(line, 500), 'a'.repeat(500))
    stand(b, 'b', 2)
    assert.equal(turns(line, 4), 'abab')
    assert.equal(turns(line, 100), 'a'.repeat(100))
    stand(b, 'b', 3)
    assert.equal(turns(line, 6), 'ababab')
  })

  it('standing in line one at a time is worth as much as standing there with many', () => {
    const line = new FairFlow()
    const [many, one] = [new FairFlow(line), new FairFlow(line)]
    stand(many, 'm', 100)
    let order = ''
    stand(one, 'o')
    for (let turn = 0; turn < 10; turn++) {
      const name = turns(line, 1)
      if (name === 'o') stand(one, 'o')
      order += name
    }
    assert.equal(order, 'momomomomo')
  })

  it('users share what their tenant has, and no more', () => {
    const line = new FairFlow()
    const [one, two] = [new FairFlow(line), new FairFlow(line)]
    stand(new FairFlow(one), 'x', 10_000)
    stand(new FairFlow(one), 'y', 2)
    stand(new FairFlow(two), 'z', 4)
    assert.equal(turns(line, 10), 'xzyzxzyzxx')
  })

  it('leaving gives the turn to the next of the same flow, and never the line a gap', () => {
    const line = new FairFlow()
    const [a, b] = [new FairFlow(line), new FairFlow(line)]
    const [first, second] = stand(a, 'a', 3)
    const [only] = stand(b, 'b')
    for (const waiter of [first, only, second, second]) leaveFairLine(waiter as Named)
    assert.equal(line.waiting, 1)
    assert.equal(turns(line, 2), 'a-')
    assert.equal(line.waiting, 0)
  })

  it('foretells the turn of a newcomer exactly when nobody else comes, never too late, at least one', () => {
    const random = seeded(3)
    for (let round = 0; round < 200; round++) {
      const line = new FairFlow()
      const flows = Array.from({ length: 1 + Math.floor(random() * 5) }, () => new FairFlow(line))
      for (const flow of flows) stand(flow, 'o', Math.floor(random() * 20))
      const own = flows[Math.floor(random() * flows.length)] as FairFlow
      const foretold = own.turnsUntilServed()
      stand(own, 'me')
      let served = 1
      while (turns(line, 1) !== 'me') served += 1
      assert.ok(foretold >= 1 && served <= foretold, `served ${served}, foretold ${foretold}`)
      assert.ok(foretold <= own.waiting * flows.length + served + flows.length * 20)
    }
  })
})

it('random comers, leavers and turns: nobody is lost or served twice, and shares are within two turns of the weights', () => {
  const random = seeded(11)
  const line = new FairFlow()
  const tenants = [1, 2, 5].map((weight) => new FairFlow(line, weight))
  const users = tenants.flatMap((tenant, index) => [0, 1, 2].map((user) => ({ flow: new FairFlow(tenant), name: `${index}${user}` })))
  const inside = new Set<FairWaiter>()
  for (let step = 0; step < 100_000; step++) {
    const dice = random()
    const { flow, name } = users[Math.floor(random() * users.length)] as typeof users[number]
    if (dice < 0.5) for (const waiter of stand(flow, name)) inside.add(waiter)
    else if (dice < 0.9) {
      const waiter = line.next()
      assert.equal(waiter === undefined, inside.size === 0)
      if (waiter !== undefined) assert.ok(inside.delete(waiter), 'served once')
    } else {
      const [waiter] = inside
      if (waiter !== undefined) leaveFairLine(waiter)
      inside.delete(waiter as FairWaiter)
    }
    assert.equal(line.waiting, inside.size)
  }
  while (line.next() !== undefined) { /* empty it */ }
  assert.deepEqual([line, ...tenants].map(({ waiting, activeWeight }) => [waiting, activeWeight]), Array.from({ length: 4 }, () => [0, 0]))
  for (const { flow, name } of users) stand(flow, name, 1000)
  const served = [0, 0, 0]
  for (let turn = 1; turn <= 1600; turn++) {
    const tenant = Number(turns(line, 1)[0])
    served[tenant] = (served[tenant] ?? 0) + 1
    for (const [index, weight] of [1, 2, 5].entries()) assert.ok(Math.abs((served[index] ?? 0) - turn * weight / 8) <= 1.5, `turn ${turn}: ${served}`)
  }
})

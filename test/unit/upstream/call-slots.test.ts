import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallSlots } from '../../../src/upstream/call-slots.ts'

describe('CallSlots', () => {
  const started = (slots: CallSlots<{ readonly id: number }>): { readonly id: number } => {
    const call = { id: slots.nextId() }
    slots.set(call)
    return call
  }

  it('never gives an id twice, although places are used again', () => {
    const slots = new CallSlots<{ readonly id: number }>(2 ** 36)
    const seen = new Set<number>()
    for (let round = 0; round < 1000; round++) {
      const { id } = started(slots)
      assert.ok(Number.isSafeInteger(id))
      assert.ok(!seen.has(id))
      seen.add(id)
      slots.release(id)
    }
    assert.equal(slots.size, 0)
  })

  it('does not find a later call under the id of an earlier one in its place', () => {
    const slots = new CallSlots<{ readonly id: number }>(7)
    const first = started(slots)
    slots.release(first.id)
    const second = started(slots)
    assert.equal(slots.get(first.id), undefined)
    assert.equal(slots.get(second.id), second)
    for (const forged of [String(second.id), second.id + 1, -1, 0.5, NaN, Infinity, null, undefined, {}]) assert.equal(slots.get(forged), undefined)
  })

  it('goes through calls oldest first', () => {
    const slots = new CallSlots<{ readonly id: number }>(0)
    const [one, two, three] = [started(slots), started(slots), started(slots)]
    slots.release(one.id)
    const four = started(slots)
    assert.deepEqual([...slots], [two, three, four])
    assert.equal(slots.size, 3)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ChurnList } from '../../../src/shared/churn-list.ts'

describe('ChurnList', () => {
  it('keeps the order in which members came, whatever is removed', () => {
    const list = new ChurnList<number>()
    for (const member of [1, 2, 3, 4, 5]) list.add(member)
    assert.equal(list.delete(3), true)
    assert.equal(list.delete(1), true)
    assert.equal(list.delete(9), false)
    list.add(6)
    assert.deepEqual([...list], [2, 4, 5, 6])
    assert.equal(list.size, 4)
  })

  it('may be changed while it is gone through', () => {
    const list = new ChurnList<number>()
    for (const member of [1, 2, 3]) list.add(member)
    const seen: number[] = []
    for (const member of list) {
      seen.push(member)
      list.delete(member)
    }
    assert.deepEqual(seen, [1, 2, 3])
    assert.equal(list.size, 0)
  })
})

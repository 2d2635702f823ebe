import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HandOvers } from '../../plugins/edge/hand-overs.ts'

describe('what a process waits for before it ends', () => {
  it('is that the last of what it handed over is answered', async () => {
    const open = new HandOvers()
    await open.over(60_000)
    open.enter()
    open.enter()
    let isOver = false
    const over = open.over(60_000).then(() => { isOver = true })
    open.leave()
    await new Promise(setImmediate)
    assert.equal(isOver, false)
    open.leave()
    await over
  })

  it('is no longer than it was given: two processes may wait for clients that do not read', async () => {
    const open = new HandOvers()
    open.enter()
    await open.over(1)
  })
})

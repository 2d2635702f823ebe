import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { TurnEnd, type AtTurnEnd } from '../../../src/shared/turn-end.ts'

/** A member that notes its name when it is told, and does what it was made with. */
function member (told: string[], name: string, then = (): void => {}): AtTurnEnd {
  return {
    turnEnded () {
      told.push(name)
      then()
    }
  }
}

describe('the end of a turn of the event loop', () => {
  it('answers are told before requests, each line in the order it came, everybody once', async () => {
    const [turns, told] = [new TurnEnd(), [] as string[]]
    turns.addRequest(member(told, 'request 1'))
    turns.addAnswer(member(told, 'answer 1'))
    turns.addRequest(member(told, 'request 2'))
    turns.addAnswer(member(told, 'answer 2'))
    assert.deepEqual(told, [])
    await turn()
    assert.deepEqual(told, ['answer 1', 'answer 2', 'request 1', 'request 2'])
    for (const name of ['a', 'b', 'c']) {
      turns.addAnswer(member(told, name))
      await turn()
    }
    assert.deepEqual(told.slice(4), ['a', 'b', 'c'])
  })

  it('what is added by somebody who is told comes in its turn, and nobody is forgotten', async () => {
    const [turns, told] = [new TurnEnd(), [] as string[]]
    turns.addAnswer(member(told, 'answer', () => {
      turns.addRequest(member(told, 'request'))
      turns.addAnswer(member(told, 'late answer'))
    }))
    turns.addRequest(member(told, 'first request', () => { turns.addRequest(member(told, 'late request')) }))
    await turn()
    assert.deepEqual(told, ['answer', 'first request', 'request'])
    await turn()
    assert.deepEqual(told.slice(3), ['late answer', 'late request'])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { EventLog, MAX_EVENTS, MAX_LOG_BYTES } from '../../../src/session/index.ts'
import type { EventStream } from '../../../src/session/index.ts'
import { seeded } from '../../helpers/random.ts'
import { testReader } from './session-parts.ts'
import type { TestReader } from './session-parts.ts'

const ROUNDS = 200

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function newLog (dropped: { count: number } = { count: 0 }): EventLog {
  const log = new EventLog('saltsaltsalt', () => { dropped.count++ })
  log.primes = true
  return log
}

/** Goes on where `lastId` says, as a route does. */
function resume (log: EventLog, lastId: string): TestReader | 'over' {
  const found = log.find(lastId)
  assert.ok(found !== undefined, `${lastId} is known`)
  if (found === 'over') return 'over'
  const reader = testReader()
  found.stream.attach(reader, found.after)
  return reader
}

/** One stream as a client lives through it: connections break and come back, messages go on meanwhile. */
interface Followed {
  readonly name: string
  readonly stream: EventStream
  readonly sent: string[]
  readonly received: string[]
  reader: TestReader | undefined
  lastId: string
  isOver: boolean
}

function follow (log: EventLog, name: string): Followed {
  const stream = log.open()
  const reader = testReader()
  stream.attach(reader, 0)
  return { name, stream, sent: [], received: [], reader, lastId: reader.lastId() ?? '', isOver: false }
}

function takeIn (followed: Followed): void {
  const { reader } = followed
  if (reader === undefined) return
  followed.received.push(...reader.texts())
  followed.lastId = reader.lastId() ?? followed.lastId
  followed.reader = undefined
}

function comeBack (log: EventLog, followed: Followed): void {
  if (followed.reader !== undefined || followed.isOver) return
  const reader = resume(log, followed.lastId)
  if (reader === 'over') followed.isOver = true
  else followed.reader = reader
}

describe('event log (MCP resumability, T20)', () => {
  it('whatever breaks when: each stream is delivered exactly once, in order, and only to itself', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const random = seeded(round)
      const log = newLog()
      const streams = ['a', 'b', 'c'].map((name) => follow(log, name))
      for (let step = 0; step < 60; step++) {
        const one = streams[Math.floor(random() * streams.length)] as Followed
        const what = random()
        if (what < 0.6) {
          if (one.stream.ended) continue
          const text = `${one.name}${one.sent.length}`
          one.sent.push(text)
          one.stream.send(text)
        } else if (what < 0.75 && one.reader !== undefined) {
          // The connection breaks; the gateway hears of it, or finds out when it writes.
          if (random() < 0.5) one.stream.detach(one.reader)
          else one.reader.broken = true
          takeIn(one)
        } else if (what < 0.95) comeBack(log, one)
        else one.stream.end()
      }
      for (const one of streams) {
        one.stream.end()
        takeIn(one)
        for (let turn = 0; turn < 3 && !one.isOver; turn++) {
          comeBack(log, one)
          takeIn(one)
        }
        assert.deepEqual(one.received, one.sent, `stream ${one.name}, round ${round}`)
      }
    }
  })

  it('an event that could not be written is given to the next reader', () => {
    const log = newLog()
    const stream = log.open()
    const gone = testReader()
    stream.attach(gone, 0)
    stream.send('first')
    gone.broken = true
    stream.send('second')
    stream.send('third')
    const next = testReader()
    stream.attachFresh(next)
    assert.deepEqual(next.texts(), ['second', 'third'])
  })

  it('finds nothing by ids it never gave out', () => {
    const log = newLog()
    const stream = log.open()
    stream.send('one')
    const other = new EventLog('othersalt1234', () => {})
    const ids = [
      other.idOf(stream.number, 1), log.idOf(7, 1), log.idOf(stream.number, 2), log.idOf(-1, 0), log.idOf(stream.number, -1),
      'saltsaltsalt', 'saltsaltsalt.0', 'saltsaltsalt..', 'saltsaltsalt.0.', 'saltsaltsalt.0.1.0', 'saltsaltsalt.0x0.1', 'saltsaltsalt.00.1',
      'saltsaltsalt. 0.1', 'saltsaltsalt.0.1e0', 'saltsaltsalt.0.01', 'saltsaltsalt.0.99999999999999999999', '', '.0.1', 'undefined.0.0', ' '
    ]
    for (const id of ids) assert.equal(log.find(id), undefined, JSON.stringify(id))
    assert.deepEqual(log.find(log.idOf(stream.number, 1)), { stream, after: 1 })
  })

  it('an ended stream is over once everything was replayed, and stays over when it is forgotten', () => {
    const log = newLog()
    const stream = log.open()
    stream.send('answer')
    stream.end()
    const late = resume(log, log.idOf(stream.number, 0))
    assert.ok(late !== 'over')
    assert.deepEqual([late.texts(), late.ended], [['answer'], true])
    assert.equal(log.find(log.idOf(stream.number, 1)), 'over')
    const other = log.open()
    for (let count = 0; count < MAX_EVENTS; count++) other.send('x')
    assert.equal(log.openStreams, 1)
    assert.equal(log.find(log.idOf(stream.number, 0)), 'over')
  })

  it('keeps no more events than its bound, and says how many were never read', () => {
    const dropped = { count: 0 }
    const log = newLog(dropped)
    const stream = log.open()
    for (let count = 1; count <= MAX_EVENTS + 10; count++) stream.send(String(count))
    assert.equal(dropped.count, 10)
    const reader = testReader()
    stream.attach(reader, 0)
    assert.deepEqual([reader.texts().length, reader.texts()[0]], [MAX_EVENTS, '11'])
    for (let count = 0; count < 100; count++) stream.send('read')
    assert.equal(dropped.count, 10)
  })

  it('keeps no more bytes than its bound, counted as they are sent, but always the newest event', () => {
    const log = newLog()
    const stream = log.open()
    const text = 'ü'.repeat(100_000)
    for (let count = 0; count < 50; count++) stream.send(text)
    const reader = testReader()
    stream.attach(reader, 0)
    assert.ok(reader.texts().length * Buffer.byteLength(text) <= MAX_LOG_BYTES)
    assert.ok((reader.texts().length + 1) * (Buffer.byteLength(text) + 128) > MAX_LOG_BYTES)
    stream.send('z'.repeat(2 * MAX_LOG_BYTES))
    const alone = testReader()
    stream.attach(alone, 0)
    assert.deepEqual(alone.texts().map((one) => one.length), [2 * MAX_LOG_BYTES])
  })

  it('gives the memory of dropped events back', () => {
    const log = newLog()
    const stream = log.open()
    const before = heldBytes()
    // Flat strings: repeated ones would share their memory.
    for (let count = 0; count < 100; count++) stream.send(Buffer.alloc(1_000_000, 97 + count % 26).toString('latin1'))
    assert.ok(heldBytes() - before < 20_000_000)
    assert.equal(stream.lastSequence, 100)
  })

  it('forgets every stream that has nothing to replay: one per answer of a long session', () => {
    const log = newLog()
    for (let count = 0; count < 10_000; count++) {
      const stream = log.open()
      // The last one was cancelled by its client: nothing was ever sent.
      if (count % 2 === 0) stream.send('answer')
      stream.end()
    }
    assert.ok(log.openStreams <= MAX_EVENTS)
  })

  it('a second reader takes the stream over: the first one ends, and its loss is no loss of the stream', () => {
    const log = newLog()
    const stream = log.open()
    let lost = 0
    stream.onLost = () => { lost++ }
    const [first, second] = [testReader(), testReader()]
    stream.attach(first, 0)
    stream.attach(second, 0)
    assert.ok(first.ended)
    stream.detach(first)
    assert.equal(lost, 0)
    stream.send('x')
    assert.deepEqual(second.texts(), ['x'])
    stream.detach(second)
    assert.equal(lost, 1)
    stream.attach(second, 1)
    stream.end()
    stream.detach(second)
    assert.deepEqual([lost, stream.onLost], [1, undefined])
  })

  it('primes a stream only for revisions that know it, with an id to resume from and a time to wait', () => {
    const log = newLog()
    const reader = testReader()
    const stream = log.open()
    stream.attach(reader, 0)
    assert.deepEqual(reader.events, [{ id: log.idOf(stream.number, 0), retry: '1000', data: '' }])
    log.primes = false
    const older = testReader()
    log.open().attach(older, 0)
    assert.deepEqual(older.events, [])
  })
})

function heldBytes (): number {
  collectGarbage()
  return process.memoryUsage().heapUsed + process.memoryUsage().external
}

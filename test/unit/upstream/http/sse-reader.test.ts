import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SseReader } from '../../../../src/upstream/http/sse-reader.ts'

interface Read { readonly events: Array<readonly [string, string]>, readonly reader: SseReader, readonly isWhole: boolean }

function read (pieces: readonly (string | Buffer)[], maxBytes = 1000): Read {
  const events: Array<readonly [string, string]> = []
  const reader = new SseReader(maxBytes, (data, type) => { events.push([data, type]) })
  const isWhole = pieces.every((piece) => reader.push(Buffer.from(piece)))
  return { events, reader, isWhole }
}

/** Every way to cut the text in two, and into single bytes. */
function cuts (text: string): Buffer[][] {
  const bytes = Buffer.from(text)
  const twos = Array.from(bytes, (_byte, at) => [bytes.subarray(0, at), bytes.subarray(at)])
  return [...twos, Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1))]
}

describe('a text/event-stream (WHATWG server-sent events)', () => {
  const stream = '\uFEFF: hello\n\nid: 1\nevent: message\ndata: {"a":"ü€😀"}\n\ndata:two\ndata: lines\n\nretry: 1500\nid\ndata\n\nunknown: x\n\ndata: unfinished'
  const events = [['{"a":"ü€😀"}', 'message'], ['two\nlines', ''], ['', '']]

  for (const [name, end] of [['LF', '\n'], ['CRLF', '\r\n'], ['CR', '\r']] as const) {
    it(`is read the same wherever it is cut, with ${name}`, () => {
      for (const pieces of cuts(stream.replaceAll('\n', end))) {
        const found = read(pieces)
        assert.deepEqual(found.events, events)
        assert.equal(found.reader.retryMs, 1500)
        assert.equal(found.isWhole, true)
      }
    })
  }

  it('keeps the last id over events without one; an empty one forgets it; one with NUL is none', () => {
    const reader = new SseReader(1000, () => {})
    const after = (text: string): string | undefined => {
      reader.push(Buffer.from(text))
      return reader.lastEventId
    }
    assert.equal(after('id: a\ndata: x\n'), undefined)
    assert.equal(after('\n'), 'a')
    assert.equal(after('data: y\n\n'), 'a')
    assert.equal(after('id: b\u0000\ndata: y\n\n'), 'a')
    assert.equal(after('id: c\n\n'), 'c')
    assert.equal(after('id\ndata: z\n\n'), undefined)
  })

  it('takes only a retry of digits', () => {
    for (const bad of ['1e3', '-5', '1.5', '', '99999999999']) assert.equal(read([`retry: ${bad}\n\n`]).reader.retryMs, undefined)
    assert.equal(read(['retry: 0\n\n']).reader.retryMs, 0)
  })

  it('takes off one space and not two', () => {
    assert.deepEqual(read(['data:  x\n\n']).events, [[' x', '']])
  })

  it('ends where an event is larger than it may be, in one line or in many, finished or not (T48)', () => {
    assert.equal(read([`data: ${'x'.repeat(2000)}`]).isWhole, false)
    assert.equal(read([`data: ${'x'.repeat(2000)}\n\n`]).isWhole, false)
    assert.equal(read([`: ${'x'.repeat(2000)}`]).isWhole, false)
    assert.equal(read(Array.from({ length: 2000 }, () => 'data\n')).isWhole, false)
    assert.equal(read(Array.from({ length: 2000 }, () => 'x')).isWhole, false)
    assert.equal(read(Array.from({ length: 100 }, () => `data: ${'x'.repeat(500)}\n\n`)).isWhole, true)
  })

  it('takes work in proportion to the bytes: single bytes, empty lines, lines of one event', () => {
    const size = 400_000
    const costMs = (pieces: readonly Buffer[]): number => {
      const reader = new SseReader(2 * size, () => {})
      const startMs = performance.now()
      for (const piece of pieces) reader.push(piece)
      return performance.now() - startMs
    }
    const x = Buffer.from('x')
    const hostile = [
      Array.from({ length: size }, () => x),
      [Buffer.from('\n'.repeat(size))],
      [Buffer.from('data\n'.repeat(size / 5))],
      [Buffer.from('\r'.repeat(size)), Buffer.from('\n'.repeat(size))],
      [Buffer.from(`${'\n'.repeat(size)}\r`)]
    ]
    // Quadratic work would take minutes.
    for (const pieces of hostile) assert.ok(costMs(pieces) < 5000)
  })
})

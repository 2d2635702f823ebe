import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLineSplitter } from '../../../src/stdio-pool/line-splitter.ts'

const MAX_BYTES = 1000

function splitAll (chunks: readonly Buffer[], maxBytes = MAX_BYTES): string[] {
  const lines: string[] = []
  const splitter = createLineSplitter(maxBytes, {
    line: (chunk, start, end) => {
      lines.push(chunk.toString('utf8', start, end))
      return false
    },
    oversize: () => { lines.push('OVERSIZE') }
  })
  for (const chunk of chunks) splitter.push(chunk)
  return lines
}

describe('line splitter (T38, T39)', () => {
  const lines = ['{"a":"é✂😀"}', '', 'x\u2028y\u2029z\u0085', '{"b":1}\r', '\r', '"last"']
  const stream = Buffer.from(lines.map((line) => line + '\n').join(''))

  it('gives the same lines wherever the stream is cut once', () => {
    for (let at = 0; at <= stream.length; at++) {
      assert.deepEqual(splitAll([stream.subarray(0, at), stream.subarray(at)]), lines, `cut at byte ${at}`)
    }
  })

  it('gives the same lines in chunks of any size', () => {
    for (let size = 1; size <= stream.length; size++) {
      const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) => stream.subarray(index * size, (index + 1) * size))
      assert.deepEqual(splitAll(chunks), lines, `chunks of ${size}`)
    }
  })

  it('keeps large lines of several streams apart, though they take turns with one buffer', () => {
    const seen: string[] = []
    const splitters = ['a', 'b', 'c'].map(() => createLineSplitter(2 ** 22, {
      line: (chunk, start, end) => {
        seen.push(chunk.toString('latin1', start, end))
        return false
      },
      oversize: () => { seen.push('OVERSIZE') }
    }))
    const large = (letter: string, bytes: number) => Buffer.from(letter.repeat(bytes))
    // One after the other, so that each finds what the one before gave back; then all at once.
    for (const [index, bytes] of [[0, 900_000], [1, 700_000], [2, 300_000]] as const) {
      splitters[index]?.push(large('xyz'.charAt(index), bytes))
      splitters[index]?.push(Buffer.from('!\n'))
    }
    for (let part = 0; part < 5; part++) splitters.forEach((splitter, index) => splitter.push(large('abc'.charAt(index), 100_000)))
    for (const splitter of splitters) splitter.push(Buffer.from('!\n'))
    const expected = [['x', 900_000], ['y', 700_000], ['z', 300_000], ['a', 500_000], ['b', 500_000], ['c', 500_000]] as const
    assert.deepEqual(seen.map((line) => [line.charAt(0), line.length]), expected.map(([letter, bytes]) => [letter, bytes + 1]))
    assert.ok(seen.every((line) => line.endsWith('!') && line === `${line.charAt(0).repeat(line.length - 1)}!`))
  })

  it('leaves alone what was kept of a line, whatever comes after it', () => {
    const kept: Buffer[] = []
    const splitter = createLineSplitter(2 ** 22, {
      line: (chunk, start, end) => kept.push(chunk.subarray(start, end)) > 0,
      oversize: () => {}
    })
    const lengths = [300_000, 20_000, 3000, 900_000, 17_000, 500_000, 260_000, 100, 800_000]
    for (const [index, length] of lengths.entries()) {
      const line = Buffer.from('abcdefghi'.charAt(index).repeat(length) + '\n')
      // Small chunks, large ones, and both in one line.
      const size = [5000, 65_536, 20_000, 1000][index % 4] ?? 1
      for (let at = 0; at < line.length; at += size) splitter.push(Buffer.from(line.subarray(at, at + size)))
    }
    assert.deepEqual(kept.map((line) => [String.fromCharCode(line[0] ?? 0), line.length]), lengths.map((length, index) => ['abcdefghi'.charAt(index), length]))
    assert.ok(kept.every((line) => line.every((byte) => byte === line[0])))
  })

  it('keeps an unfinished line back', () => {
    assert.deepEqual(splitAll([Buffer.from('one\ntw')]), ['one'])
  })

  it('hands on a line inside one chunk without a copy', () => {
    const chunk = Buffer.from('one\ntwo\n')
    const seen: Buffer[] = []
    createLineSplitter(MAX_BYTES, { line: (bytes) => seen.push(bytes) > 2, oversize: () => {} }).push(chunk)
    assert.ok(seen.length === 2 && seen.every((bytes) => bytes === chunk))
  })

  it('takes a line of exactly the cap and refuses one byte more, however it is cut', () => {
    for (const size of [1, 7, 100, 5000]) {
      for (const [length, expected] of [[MAX_BYTES, 'x'.repeat(MAX_BYTES)], [MAX_BYTES + 1, 'OVERSIZE']] as const) {
        const bytes = Buffer.from('x'.repeat(length) + '\n')
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
        assert.deepEqual(splitAll(chunks), [expected], `${length} bytes in chunks of ${size}`)
      }
    }
  })

  it('refuses before the end of the line comes, and is silent from then on', () => {
    assert.deepEqual(splitAll([Buffer.from('a\n' + 'x'.repeat(MAX_BYTES + 1)), Buffer.from('\nb\n')]), ['a', 'OVERSIZE'])
  })

  it('holds single bytes without keeping their chunks', () => {
    const cap = 2 * 1024 * 1024
    const lengths: number[] = []
    const splitter = createLineSplitter(cap, { line: (_chunk, start, end) => lengths.push(end - start) > 1, oversize: () => {} })
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < cap; count++) splitter.push(Buffer.from('x'))
    assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024)
    splitter.push(Buffer.from('\n'))
    assert.deepEqual(lengths, [cap])
  })
})

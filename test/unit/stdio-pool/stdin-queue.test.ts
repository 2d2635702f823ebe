import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SplicedText } from '../../../src/protocol/index.ts'
import { ByteOwner } from '../../../src/protocol/byte-owner.ts'
import { safeLine } from '../../../src/stdio-pool/safe-line.ts'
import { createStdinQueue } from '../../../src/stdio-pool/stdin-queue.ts'
import { until } from '../../helpers/until.ts'

interface Piped {
  readonly child: ChildProcessWithoutNullStreams
  /** The texts of each write to the pipe. */
  readonly writes: string[]
}

function pipeTo (t: TestContext, command: string, ...args: string[]): Piped {
  const child = spawn(command, args)
  t.after(() => child.kill('SIGKILL'))
  child.stdin.on('error', () => {})
  const writes: string[] = []
  const write = child.stdin.write.bind(child.stdin) as (...all: unknown[]) => boolean
  child.stdin.write = (...all: unknown[]) => {
    writes.push(String(all[0]))
    return write(...all)
  }
  return { child, writes }
}

function reads (child: ChildProcessWithoutNullStreams): { text: string } {
  const read = { text: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => { read.text += text })
  return read
}

describe('stdin queue', () => {
  it('writes large texts byte by byte as small ones, whatever stands beside them', async (t) => {
    const { child } = pipeTo(t, '/bin/cat')
    const read = reads(child)
    const queue = createStdinQueue(child.stdin)
    const ascii = JSON.stringify('a'.repeat(200_000))
    // Escaping makes the first longer by what encoding makes the second longer: sums of lengths tell nothing.
    const turns = [[ascii], [ascii, '{"b":1}'], [`"${'x'.repeat(70_000)}\u2028"`, '"ééé"'], [JSON.stringify('é✂😀'.repeat(30_000))]]
    const sent = turns.flat().map((text) => safeLine(text, Buffer.byteLength(text)))
    for (const texts of turns) {
      for (const text of texts) assert.equal(queue.send(text), 'sent')
      await turn()
    }
    queue.end()
    await once(child, 'close')
    assert.deepEqual(read.text.split('\n').map((line) => line.length), [...sent.map((line) => line.length), 0])
    assert.ok(read.text === sent.map((line) => `${line}\n`).join(''))
  })

  it('sends all texts of one turn in one write', async (t) => {
    const { child, writes } = pipeTo(t, '/bin/cat')
    const queue = createStdinQueue(child.stdin)
    for (let id = 0; id < 100; id++) assert.equal(queue.send(`{"id":${id}}`), 'sent')
    await Promise.resolve().then(() => queue.send('{"id":100}'))
    assert.equal(writes.length, 0)
    await turn()
    assert.equal(writes.length, 1)
    queue.send('{"id":101}')
    await turn()
    assert.equal(writes.length, 2)
    assert.equal(writes.join(''), Array.from({ length: 102 }, (_, id) => `{"id":${id}}\n`).join(''))
  })

  it('delivers more than the bounds in one turn while the pipe is read', async (t) => {
    const { child } = pipeTo(t, '/bin/cat')
    const read = reads(child)
    const queue = createStdinQueue(child.stdin, { maxBytes: 1024 * 1024, maxMessages: 10 })
    for (let id = 0; id < 35; id++) assert.equal(queue.send(String(id)), 'sent', String(id))
    await until('all lines', () => read.text.split('\n').length === 36)
    assert.deepEqual(read.text.trim().split('\n').map(Number), Array.from({ length: 35 }, (_, id) => id))
  })

  it('is full at the bound on bytes when nobody reads, and holds no more (FR09)', async (t) => {
    const { child } = pipeTo(t, '/bin/sleep', '60')
    const queue = createStdinQueue(child.stdin, { maxBytes: 1024 * 1024, maxMessages: 1024 })
    const text = JSON.stringify('x'.repeat(100_000))
    let sent = 0
    for (let count = 0; count < 500; count++) {
      if (queue.send(text) === 'sent') sent += 1
      if (count % 10 === 0) await turn()
    }
    // What the kernel takes, some 200 KB, and the bound.
    assert.ok(sent >= 10 && sent <= 16, `${sent} sent`)
    assert.ok(child.stdin.writableLength <= 1024 * 1024)
    assert.equal(queue.send(text), 'full')
  })

  it('is full at the bound on messages when nobody reads', async (t) => {
    const { child } = pipeTo(t, '/bin/sleep', '60')
    const queue = createStdinQueue(child.stdin, { maxBytes: 1024 * 1024 * 1024, maxMessages: 5 })
    queue.send(JSON.stringify('x'.repeat(1_000_000)))
    await turn()
    assert.deepEqual(Array.from({ length: 6 }, () => queue.send('1')), ['sent', 'sent', 'sent', 'sent', 'full', 'full'])
  })

  it('lets one text larger than the bound pass when nothing waits, and is usable again when it is read', async (t) => {
    const { child } = pipeTo(t, '/bin/cat')
    const read = reads(child)
    child.stdout.pause()
    const queue = createStdinQueue(child.stdin, { maxBytes: 1000, maxMessages: 1024 })
    assert.equal(queue.send('x'.repeat(3_000_000)), 'sent')
    assert.equal(queue.send('y'), 'full')
    child.stdout.resume()
    await until('the large text', () => read.text.length === 3_000_001)
    assert.equal(queue.send('y'), 'sent')
    await until('the small text', () => read.text.endsWith('x\ny\n'))
  })

  it('sends by itself what came while the pipe was full', async (t) => {
    const { child } = pipeTo(t, '/bin/cat')
    const read = reads(child)
    child.stdout.pause()
    const queue = createStdinQueue(child.stdin, { maxBytes: 2_000_000, maxMessages: 1024 })
    queue.send('x'.repeat(1_900_000))
    await turn()
    assert.deepEqual([queue.send('y'), queue.send('z')], ['sent', 'sent'])
    await turn()
    child.stdout.resume()
    await until('the rest', () => read.text.endsWith('x\ny\nz\n'))
  })

  it('writes what is queued before the end, and nothing after', async (t) => {
    const { child } = pipeTo(t, '/bin/cat')
    const read = reads(child)
    const queue = createStdinQueue(child.stdin)
    queue.send('1')
    queue.end()
    assert.equal(queue.send('2'), 'closed')
    await once(child, 'close')
    assert.equal(read.text, '1\n')
  })

  it('forgets what is queued when dropped', async (t) => {
    const { child, writes } = pipeTo(t, '/bin/cat')
    const queue = createStdinQueue(child.stdin)
    queue.send('1')
    queue.drop()
    await turn()
    assert.deepEqual([queue.send('2'), writes], ['closed', []])
  })
})

describe('texts in pieces', () => {
  const spliced = (fill: string, bytes: number, before = '{"a":', after = '}'): { text: SplicedText, memory: Buffer, owner: ByteOwner } => {
    const memory = Buffer.allocUnsafeSlow(bytes).fill(fill)
    const owner = new ByteOwner(memory)
    return { text: new SplicedText([before, memory, after], [owner]), memory, owner }
  }

  it('are written whole and in order, beside texts and each other', async (t) => {
    const { child } = pipeTo(t, '/bin/cat')
    const read = reads(child)
    const queue = createStdinQueue(child.stdin)
    const sent = ['{"id":1}', spliced('x', 300_000), '{"é":"\u2028"}', spliced('y', 20_000, '{"ü":'), spliced('z', 1_000_000)]
    for (const one of sent) assert.equal(queue.send(typeof one === 'string' ? one : one.text), 'sent')
    await turn()
    assert.equal(queue.send(spliced('w', 17_000).text), 'sent')
    queue.end()
    await once(child, 'close')
    const expected = ['{"id":1}', `{"a":${'x'.repeat(300_000)}}`, '{"é":"\\u2028"}', `{"ü":${'y'.repeat(20_000)}}`, `{"a":${'z'.repeat(1_000_000)}}`, `{"a":${'w'.repeat(17_000)}}`]
    assert.ok(read.text === expected.map((line) => `${line}\n`).join(''))
  })

  it('keep their memory until the pipe has taken all of it, though nobody else holds it, and not longer', async (t) => {
    const { child } = pipeTo(t, '/bin/cat')
    const read = reads(child)
    child.stdout.pause()
    const queue = createStdinQueue(child.stdin)
    const { text, memory, owner } = spliced('x', 3_000_000)
    queue.send(text)
    await turn()
    owner.release()
    // Other memory of that size would be what is written, had it been freed.
    const others = Array.from({ length: 5 }, () => Buffer.allocUnsafeSlow(3_000_000).fill('o'))
    await turn()
    assert.equal(memory.length, 3_000_000)
    child.stdout.resume()
    await until('all of it', () => read.text.endsWith('}\n'))
    assert.ok(read.text === `{"a":${'x'.repeat(3_000_000)}}\n`)
    await until('the memory is freed', () => memory.length === 0)
    assert.equal(others.length, 5)
  })

  it('count in bytes against the bound (FR09)', async (t) => {
    const { child } = pipeTo(t, '/bin/sleep', '60')
    const queue = createStdinQueue(child.stdin, { maxBytes: 1024 * 1024, maxMessages: 1024 })
    for (let count = 0; count < 20; count++) {
      queue.send(spliced('x', 100_000).text)
      await turn()
    }
    assert.equal(queue.send(spliced('x', 100_000).text), 'full')
    assert.ok(child.stdin.writableLength <= 1024 * 1024)
  })

  it('are one line each even when bytes hold a line end: that costs a copy and no frame (T38)', async (t) => {
    const { child } = pipeTo(t, '/bin/cat')
    const read = reads(child)
    const queue = createStdinQueue(child.stdin)
    for (const inside of ['{\n"b":1}', '{\r"b":2}', '{"b":\r\n3}']) queue.send(new SplicedText(['{"a":', Buffer.from(inside), '}'], []))
    queue.end()
    await once(child, 'close')
    assert.deepEqual(read.text.trim().split(/[\r\n]/).map((line) => JSON.parse(line) as unknown), [1, 2, 3].map((b) => ({ a: { b } })))
  })
})

describe('one message is one line for every reader (T38)', () => {
  const line = (text: string): string => safeLine(text, Buffer.byteLength(text))

  it('escapes the Unicode line breaks and nothing else', () => {
    const value = { a: 'x\u2028y\u2029z\u0085 é✂😀\u00a0\u200b' }
    const text = line(JSON.stringify(value))
    assert.doesNotMatch(text, /[\u0085\u2028\u2029]/)
    assert.equal(text, '{"a":"x\\u2028y\\u2029z\\u0085 é✂😀\u00a0\u200b"}')
    assert.deepEqual(JSON.parse(text), value)
  })

  it('keeps NUL, CR, LF and lone surrogates escaped as JSON.stringify made them', () => {
    const text = JSON.stringify('\0\r\n\uD800')
    assert.equal(line(text), text)
  })

  it('turns raw line breaks between tokens into spaces', () => {
    assert.equal(line('{\r\n"a":\n1}'), '{  "a": 1}')
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createByteRing } from '../../../src/stdio-pool/byte-ring.ts'

describe('byte ring (FR06)', () => {
  it('keeps exactly the last bytes, whatever the chunks', () => {
    for (const size of [1, 3, 7, 64, 65, 200]) {
      const ring = createByteRing(64)
      let all = ''
      for (let count = 0; count < 50; count++) {
        const chunk = String.fromCharCode(97 + count % 26).repeat(1 + (count * size) % size + size - 1)
        all += chunk
        ring.write(Buffer.from(chunk))
        assert.equal(ring.text(), all.slice(-64), `chunks of ${size}, after ${count}`)
      }
    }
  })

  it('grows to its bound and no further', () => {
    const ring = createByteRing(64 * 1024)
    let all = ''
    for (let count = 0; count < 3000; count++) {
      const chunk = `${count} `.repeat(count % 40)
      all += chunk
      ring.write(Buffer.from(chunk))
    }
    assert.equal(ring.text(), all.slice(-64 * 1024))
  })

  it('leaves out a character that was cut in half', () => {
    const ring = createByteRing(64)
    for (const character of ['é', '✂', '😀']) {
      for (let shift = 0; shift < 4; shift++) {
        ring.write(Buffer.from('a'.repeat(shift) + character.repeat(64)))
        const half = Buffer.from(character).subarray(0, 1)
        assert.doesNotMatch(ring.text(), /\uFFFD/, `${character} shifted by ${shift}`)
        ring.write(half)
        assert.doesNotMatch(ring.text(), /\uFFFD/, `${character} shifted by ${shift}, and half of one`)
      }
    }
  })
})

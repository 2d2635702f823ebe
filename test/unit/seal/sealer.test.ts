import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { createSealer, MAX_SEALED_CHARS } from '../../../src/seal/index.ts'

const PAYLOAD = { server: 'notes', inner: 'canary-7f3a', at: 3, deep: { list: [1, 'ü', null] } }

function sealerAt (startMs: number, key?: Uint8Array) {
  const clock = { nowMs: startMs }
  return { clock, sealer: createSealer(key, () => clock.nowMs) }
}

describe('sealed texts (T21)', () => {
  test('come back as they were, to their owner and for what they were made', () => {
    const { sealer } = sealerAt(1_000)
    const text = sealer.seal('cursor', 'ada', PAYLOAD)
    assert.deepEqual(sealer.open('cursor', 'ada', text), PAYLOAD)
    assert.deepEqual(sealer.open('cursor', 'ada', text), PAYLOAD, 'opening uses nothing up')
    assert.match(text, /^[A-Za-z0-9_-]+$/)
  })

  test('are nobody else\'s, and for nothing else', () => {
    const { sealer } = sealerAt(1_000)
    const text = sealer.seal('cursor', 'ada', PAYLOAD)
    for (const [kind, owner] of [['cursor', 'bob'], ['state', 'ada'], ['cursor', ''], ['', 'ada'], ['cursor","ada', ''], ['cursor', 'ada ']] as const) {
      assert.equal(sealer.open(kind, owner, text), undefined, `${kind} of ${owner}`)
    }
    const joined = sealer.seal('a', 'b","c', PAYLOAD)
    assert.equal(sealer.open('a","b', 'c', joined), undefined, 'names cannot move the border between kind and owner')
  })

  test('no flipped bit is forgiven, no cut and no addition', () => {
    const { sealer } = sealerAt(1_000)
    const bytes = Buffer.from(sealer.seal('cursor', 'ada', PAYLOAD), 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ (1 << bit)
        assert.equal(sealer.open('cursor', 'ada', changed.toString('base64url')), undefined, `bit ${bit} of byte ${at}`)
      }
      assert.equal(sealer.open('cursor', 'ada', bytes.subarray(0, at).toString('base64url')), undefined, `cut at ${at}`)
    }
    assert.equal(sealer.open('cursor', 'ada', Buffer.concat([bytes, Buffer.of(0)]).toString('base64url')), undefined)
  })

  test('have one spelling: what decodes to the same bytes is another text', () => {
    const { sealer } = sealerAt(1_000)
    // One byte more or less moves the spare bits of the last character.
    for (const inner of ['', 'x', 'xx', 'xxx']) {
      const text = sealer.seal('cursor', 'ada', { inner })
      assert.deepEqual(sealer.open('cursor', 'ada', text), { inner })
      for (const odd of [`${text}=`, `${text}==`, ` ${text}`, `${text}\n`, `${text.slice(0, 9)}.${text.slice(9)}`]) {
        assert.equal(sealer.open('cursor', 'ada', odd), undefined, JSON.stringify(odd))
      }
      for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        const other = text.slice(0, -1) + last
        if (other !== text) assert.equal(sealer.open('cursor', 'ada', other), undefined, `ends in ${last}`)
      }
    }
  })

  test('expire', () => {
    const { clock, sealer } = sealerAt(1_000)
    const text = sealer.seal('cursor', 'ada', PAYLOAD, 500)
    const lasting = sealer.seal('cursor', 'ada', PAYLOAD)
    clock.nowMs = 1_499
    assert.deepEqual(sealer.open('cursor', 'ada', text), PAYLOAD)
    clock.nowMs = 1_500
    assert.equal(sealer.open('cursor', 'ada', text), undefined)
    clock.nowMs = 1e12
    assert.deepEqual(sealer.open('cursor', 'ada', lasting), PAYLOAD)
  })

  test('show nothing of what is in them, nor of whose they are, and are never the same twice', () => {
    const { sealer } = sealerAt(1_000)
    const text = sealer.seal('cursor', 'ada-lovelace', PAYLOAD)
    const bytes = Buffer.from(text, 'base64url').toString('latin1')
    for (const secret of ['canary', 'notes', 'inner', 'ada-lovelace', 'cursor']) {
      assert.ok(!bytes.includes(secret) && !text.includes(secret) && !text.includes(Buffer.from(secret).toString('base64url').slice(0, -1)), secret)
    }
    assert.notEqual(sealer.seal('cursor', 'ada-lovelace', PAYLOAD), text)
  })
})

describe('what is no sealed text', () => {
  test('ten thousand random ones, and values that are no text', () => {
    const { sealer } = sealerAt(1_000)
    for (let count = 0; count < 10_000; count++) {
      const bytes = randomBytes(count % 200)
      if (bytes.length > 0 && count % 2 === 0) bytes[0] = 1
      assert.equal(sealer.open('cursor', 'ada', bytes.toString(count % 3 === 0 ? 'latin1' : 'base64url')), undefined)
    }
    for (const value of [undefined, null, 0, true, {}, [], new Date(0), '', 'AQ', '\u{1f600}']) assert.equal(sealer.open('cursor', 'ada', value), undefined)
  })

  test('more than 64 KiB is neither made nor read', () => {
    const { sealer } = sealerAt(1_000)
    const longest = sealer.seal('cursor', 'ada', { inner: 'x'.repeat(49_000) })
    assert.ok(longest.length <= MAX_SEALED_CHARS)
    assert.equal((sealer.open('cursor', 'ada', longest)?.['inner'] as string).length, 49_000)
    assert.throws(() => sealer.seal('cursor', 'ada', { inner: 'x'.repeat(50_000) }), RangeError)
    assert.equal(sealer.open('cursor', 'ada', 'A'.repeat(10_000_000)), undefined)
  })
})

describe('keys', () => {
  test('replicas with one key open each other\'s texts; without one each process has its own', () => {
    const key = randomBytes(32)
    const [one, other, stranger] = [sealerAt(0, key).sealer, sealerAt(0, Uint8Array.from(key)).sealer, sealerAt(0).sealer]
    const text = one.seal('state', 'ada', PAYLOAD)
    assert.deepEqual(other.open('state', 'ada', text), PAYLOAD)
    assert.equal(stranger.open('state', 'ada', text), undefined)
  })

  test('are copied: who wipes theirs does not change ours', () => {
    const key = randomBytes(32)
    const { sealer } = sealerAt(0, key)
    const text = sealer.seal('state', 'ada', PAYLOAD)
    key.fill(0)
    assert.deepEqual(sealer.open('state', 'ada', text), PAYLOAD)
    assert.equal(sealerAt(0, key).sealer.open('state', 'ada', text), undefined)
  })

  test('have 32 bytes', () => {
    for (const length of [0, 16, 31, 33]) assert.throws(() => sealerAt(0, randomBytes(length)), RangeError)
  })
})

describe('names', () => {
  test('one thing has one name for one owner, and opens like any sealed text', () => {
    const { sealer } = sealerAt(0)
    const name = sealer.name('task', 'ada', PAYLOAD)
    assert.equal(sealer.name('task', 'ada', { ...PAYLOAD }), name)
    assert.deepEqual(sealer.open('task', 'ada', name), PAYLOAD)
    assert.notEqual(sealer.name('task', 'bob', PAYLOAD), name)
    assert.notEqual(sealer.name('task', 'ada', { ...PAYLOAD, more: 1 }).slice(0, 20), name.slice(0, 20))
    for (const [kind, owner] of [['task', 'bob'], ['state', 'ada']] as const) assert.equal(sealer.open(kind, owner, name), undefined)
  })
})

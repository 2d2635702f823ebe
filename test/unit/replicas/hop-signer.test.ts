/** A signed hop is good for one request, once, for a few seconds, at one replica; nothing of it can be changed (T04, T57). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createHopSigner, type HopSigner, type HopTarget } from '../../../src/replicas/index.ts'
import { brandAs, type TenantId, type UserId } from '../../../src/shared/ids.ts'
import type { Principal } from '../../../src/shared/principal.ts'
import { SECRET } from './parts.ts'

const principal: Principal = Object.freeze({
  issuer: 'apikey', tenant: brandAs<TenantId>('acme'), user: brandAs<UserId>('ålice'), clientId: 'k', credentialId: 'k', scopes: ['tools:read'], ownerKey: '["apikey","acme","ålice","k"]', userKey: '["acme","ålice"]'
})
const claims = { principal, requestId: 'request-1', clientAddress: '203.0.113.9', ownerKey: principal.userKey }
const target: HopTarget = { to: 'receiver', method: 'POST', path: '/servers/probe/mcp?x=1' }

describe('a signed hop', () => {
  let wallMs = 1_000_000
  const signer = (self: string, secret = SECRET): HopSigner => createHopSigner({ secret, self, wallMs: () => wallMs })
  const text = (from = signer('sender'), to: Partial<HopTarget> = {}): string => from.sign(claims, { ...target, ...to }).text

  it('says who calls, as it was verified, in one object for each identity', () => {
    const [sender, receiver] = [signer('sender'), signer('receiver')]
    const [first, second] = [receiver.read(text(sender), target), receiver.read(text(sender), target)]
    assert.deepEqual({ ...first, proof: '' }, { ...claims, from: 'sender', proof: '' })
    assert.ok(first !== undefined && 'principal' in first && second !== undefined && 'principal' in second)
    assert.equal(first.principal, second.principal)
    assert.ok(Object.isFrozen(first.principal))
  })

  it('is proven to the sender by whoever could read it, and by nobody else', () => {
    const [sender, receiver] = [signer('sender'), signer('receiver')]
    const { text: sent, proof } = sender.sign(claims, target)
    assert.equal(receiver.read(sent, target)?.proof, proof)
    assert.ok(!sent.includes(proof))
    assert.notEqual(sender.sign(claims, target).proof, proof)
  })

  it('is refused a second time, in whatever order they come, and accepted once each', () => {
    const [sender, receiver] = [signer('sender'), signer('receiver')]
    const texts = Array.from({ length: 300 }, () => text(sender))
    const shuffled = texts.toReversed()
    assert.equal(shuffled.filter((one) => receiver.read(one, target) !== undefined).length, 300)
    assert.equal(texts.filter((one) => receiver.read(one, target) !== undefined).length, 0)
    // Another sender has numbers of its own.
    assert.ok(receiver.read(text(signer('third')), target))
  })

  it('is refused when any part was changed', () => {
    const receiver = signer('receiver')
    const good = text()
    const [who = '', what = '', mac = ''] = good.split('.')
    const forged = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const rest = JSON.parse(Buffer.from(what, 'base64url').toString()) as unknown[]
    const changed = [
      ...rest.map((_, at) => [who, forged(rest.map((value, other) => other === at ? (typeof value === 'number' ? value + 1 : `${String(value)}x`) : value)), mac].join('.')),
      ...Object.keys(principal).map((name) => [forged({ ...principal, [name]: 'mallory' }), what, mac].join('.')),
      ['', what, mac].join('.'), `${who}.${what}.`, `${who}.${what}`, `${good}.x`, `${good}A`, `${who}.${what}.${mac.slice(0, -2)}`, '', '..'
    ]
    for (const one of changed) assert.equal(receiver.read(one, target), undefined, one)
    for (const byte of [0, 10, who.length + 3, good.length - 3]) {
      const flipped = good.slice(0, byte) + (good[byte] === 'A' ? 'B' : 'A') + good.slice(byte + 1)
      assert.equal(receiver.read(flipped, target), undefined)
    }
    for (const value of [undefined, 7, [good], null]) assert.equal(receiver.read(value, target), undefined)
    assert.ok(receiver.read(good, target), 'and it was good all along')
  })

  it('is refused for another request, by another replica and under another secret', () => {
    const receiver = signer('receiver')
    assert.equal(receiver.read(text(), { ...target, method: 'DELETE' }), undefined)
    assert.equal(receiver.read(text(), { ...target, path: '/servers/other/mcp?x=1' }), undefined)
    assert.equal(receiver.read(text(), { ...target, path: '/servers/probe/mcp' }), undefined)
    assert.equal(signer('third').read(text(), target), undefined)
    assert.equal(signer('receiver', `${SECRET}!`).read(text(), target), undefined)
  })

  it('is refused when it is too old, or from a time to come', () => {
    const sender = signer('sender')
    for (const laterMs of [6000, -6000]) {
      const sent = text(sender)
      wallMs += laterMs
      const receiver = signer('receiver')
      assert.deepEqual(Object.keys(receiver.read(sent, target) ?? {}), ['isLate', 'proof'])
      assert.equal(receiver.read(sent, target), undefined)
      wallMs -= laterMs
    }
    const sent = text(sender)
    wallMs += 4000
    assert.ok('from' in (signer('receiver').read(sent, target) ?? {}))
  })

  it('that is only a question carries no identity', () => {
    const sent = signer('sender').sign({ requestId: '', clientAddress: '', ownerKey: 'key' }, target)
    const read = signer('receiver').read(sent.text, target)
    assert.deepEqual({ ...read, proof: '' }, { requestId: '', clientAddress: '', ownerKey: 'key', from: 'sender', proof: '' })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorReply, ownersIn, rawMember, rawMembers, requestMessage, requestText, responseMessage, responseText, type SplicedText, withMember, withModernMeta, withoutHopMeta, withoutMembers, type JsonObject } from '../../../src/protocol/index.ts'
import { ByteOwner } from '../../../src/protocol/byte-owner.ts'
import { setRaw } from '../../../src/protocol/raw-members.ts'

function holding (object: JsonObject, key: string, json: string, owner?: ByteOwner): JsonObject {
  setRaw(object, { key, bytes: Buffer.from(json), owner })
  return object
}

const ARGS = '{"a":1e400,"b":-0,"a":"é\\u2028"}'
const params = (): JsonObject => holding(JSON.parse('{"name":"t","arguments":{},"__proto__":{"x":1}}') as JsonObject, 'arguments', ARGS)

describe('members that are bytes', () => {
  it('are written as they came, where they stood', () => {
    assert.equal(String(requestMessage(7, 'tools/call', params())), `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"t","arguments":${ARGS},"__proto__":{"x":1}}}`)
    assert.equal(String(responseMessage('x', { result: params() })), `{"jsonrpc":"2.0","id":"x","result":{"name":"t","arguments":${ARGS},"__proto__":{"x":1}}}`)
    assert.equal(String(responseMessage(1, { result: holding({}, 'only', '[]') })), '{"jsonrpc":"2.0","id":1,"result":{"only":[]}}')
    assert.equal(String(responseMessage(1, { result: { ...{ none: undefined }, a: 1 } })), '{"jsonrpc":"2.0","id":1,"result":{"a":1}}')
  })

  it('whose memory was freed are neither read nor written, and nothing else is in their place (T18)', () => {
    const bytes = Buffer.allocUnsafeSlow(20_000).fill('x')
    bytes.write('["')
    bytes.write('"]', bytes.length - 2)
    const owner = new ByteOwner(bytes)
    const object: JsonObject = { name: 't' }
    setRaw(object, { key: 'arguments', bytes, owner })
    const whole = requestMessage(7, 'tools/call', object) as SplicedText
    assert.equal(whole.toBuffer().length, whole.bytes)
    owner.release()
    assert.throws(() => whole.toBuffer(), /freed/)
    assert.throws(() => requestMessage(7, 'tools/call', object), /freed/)
    assert.equal(responseMessage(7, { result: object }), responseText(7, errorReply('GW_UPSTREAM_PROTOCOL')))
    assert.throws(() => object['arguments'], SyntaxError)
  })

  it('become a value for whoever reads them, and that value is what is sent from then on (T35)', () => {
    const read = params()
    assert.deepEqual(read['arguments'], { b: -0, a: 'é\u2028' })
    assert.equal(rawMembers(read).length, 0)
    assert.equal(requestMessage(7, 'm', read), requestText(7, 'm', read))
    assert.equal(requestMessage(7, 'm', read), '{"jsonrpc":"2.0","id":7,"method":"m","params":{"name":"t","arguments":{"a":"é\\u2028","b":0},"__proto__":{"x":1}}}')
  })

  it('are values to everything that knows nothing of them', () => {
    const value = JSON.parse(ARGS) as unknown
    assert.deepEqual({ ...params() }['arguments'], value)
    assert.deepEqual(Object.entries(params()).map(([key]) => key), ['name', 'arguments', '__proto__'])
    assert.deepEqual(Object.entries(params())[1]?.[1], value)
    assert.equal(JSON.stringify(params()), JSON.stringify(JSON.parse(`{"name":"t","arguments":${ARGS},"__proto__":{"x":1}}`)))
    assert.equal(requestText(1, 'm', params()), requestText(1, 'm', JSON.parse(`{"name":"t","arguments":${ARGS},"__proto__":{"x":1}}`) as JsonObject))
    assert.equal(rawMembers({ ...params() }).length, 0)
  })

  it('stay bytes in the copies that are made on the way, and the original stays what it was', () => {
    const original = params()
    const copies = [
      withMember(original, 'name', 'other'), withMember(original, 'new', 1), withoutMembers(original, ['name']),
      withModernMeta(original, { capabilities: {}, clientInfo: {} }), withoutHopMeta(withMember(original, '_meta', { progressToken: 1 })) ?? {}, withoutHopMeta(withMember(original, '_meta', { progressToken: 1, keep: 1 })) ?? {}
    ]
    assert.deepEqual(copies.map((copy) => rawMember(copy, 'arguments')?.toString()), copies.map(() => ARGS))
    assert.deepEqual(Object.keys(copies[0] ?? {}), ['name', 'arguments', '__proto__'])
    assert.equal(Object.getPrototypeOf(copies[0]), Object.prototype)
    assert.deepEqual(Object.keys(copies[2] ?? {}), ['arguments', '__proto__'])
    assert.equal(copies[4]?.['_meta'], undefined)
    assert.deepEqual(copies[5]?.['_meta'], { keep: 1 })
    // Whoever reads one of them has made a value of that one only.
    assert.ok(copies[0]?.['arguments'])
    assert.deepEqual([original, ...copies].map((copy) => rawMember(copy, 'arguments') === undefined), [false, true, false, false, false, false, false])
  })

  it('can be replaced and left out', () => {
    for (const copy of [withMember(holding({ a: 1 }, 'arguments', ARGS), 'arguments', { mine: 1 }), withoutMembers(holding({ a: 1 }, 'arguments', ARGS), ['arguments'])]) assert.equal(rawMembers(copy).length, 0)
    assert.deepEqual(withMember(params(), 'arguments', { mine: 1 })['arguments'], { mine: 1 })
    assert.equal('arguments' in withoutMembers(params(), ['arguments']), false)
  })

  it('stand in a line that is one to every reader: what is written around them too (T38)', () => {
    const text = requestMessage(1, 'm\u2028', holding({ 'k\u2029': '\u0085' }, 'arguments', '{}'))
    assert.doesNotMatch(String(text), /[\u0085\u2028\u2029\r\n]/)
    assert.deepEqual(JSON.parse(String(text)), { jsonrpc: '2.0', id: 1, method: 'm\u2028', params: { 'k\u2029': '\u0085', arguments: {} } })
  })

  it('beside something nested beyond the stack: an error under the same id (T39)', () => {
    let deep: unknown = {}
    for (let level = 0; level < 100_000; level++) deep = [deep]
    assert.equal(responseMessage(3, { result: holding({ deep }, 'content', '[]') }), responseText(3, errorReply('GW_UPSTREAM_PROTOCOL')))
  })
})

describe('memory of members that are bytes', () => {
  const owned = (): { memory: Buffer, owner: ByteOwner, text: SplicedText, object: JsonObject } => {
    const memory = Buffer.allocUnsafeSlow(20_000).fill('[').fill(']', 10_000)
    const owner = new ByteOwner(memory)
    const object = holding({ content: [] }, 'content', '[]', owner)
    setRaw(object, { key: 'more', bytes: memory, owner })
    return { memory, owner, text: responseMessage(1, { result: object }) as SplicedText, object }
  }

  it('is freed by the last who lets go of it, once for all members', () => {
    const { memory, text, object } = owned()
    assert.equal(ownersIn(object).length, 1)
    text.hold()
    for (const owner of ownersIn(object)) owner.release()
    assert.equal(memory.length, 20_000)
    text.release()
    assert.equal(memory.length, 0)
  })

  it('is not read after that: whoever tries is told', () => {
    const { text, object } = owned()
    text.release()
    assert.throws(() => object['more'], SyntaxError)
  })

  it('belongs to copies too', () => {
    const { memory, object } = owned()
    for (const owner of ownersIn(withMember(object, 'name', 'x'))) owner.release()
    assert.equal(memory.length, 0)
  })
})

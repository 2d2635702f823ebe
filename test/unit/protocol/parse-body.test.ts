import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_BATCH, parseBody } from '../../../src/protocol/index.ts'
import type { InboundMessage } from '../../../src/protocol/index.ts'

/** The one message of a body that must be accepted. */
function message (text: string): InboundMessage {
  const parsed = parseBody(Buffer.from(text))
  assert.ok(parsed.ok, `${text} ${JSON.stringify(parsed)}`)
  assert.equal(parsed.value.kind, 'single')
  return (parsed.value as { message: InboundMessage }).message
}

/** The refusal of a body that must not be accepted. */
function refusal (body: string | Buffer): { code: string, reason: string, id: unknown } {
  const parsed = parseBody(Buffer.from(body as string))
  assert.equal(parsed.ok, false, `accepted: ${body.toString().slice(0, 200)}`)
  return (parsed as { error: { code: string, reason: string, id: unknown } }).error
}

const request = (members: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call"${members === '' ? '' : ','}${members}}`

/** The arguments of a call that must be accepted. */
function argumentsOf (text: string): unknown {
  const call = message(request(`"params":{"name":"t","arguments":${text}}`))
  assert.equal(call.kind, 'request')
  return call.kind === 'request' ? call.params?.['arguments'] : undefined
}

describe('classification (JSON-RPC 2.0 4 and 5)', () => {
  test('requests, notifications and responses', () => {
    assert.deepEqual(message('{"jsonrpc":"2.0","id":1,"method":"ping"}'), { kind: 'request', id: 1, method: 'ping', params: undefined })
    assert.deepEqual(message('{"method":"ping","id":"1","params":{},"jsonrpc":"2.0"}'), { kind: 'request', id: '1', method: 'ping', params: {} })
    assert.deepEqual(message('{"jsonrpc":"2.0","method":"notifications/initialized"}'), { kind: 'notification', method: 'notifications/initialized', params: undefined })
    assert.deepEqual(message('{"jsonrpc":"2.0","id":7,"result":{"roots":[]}}'), { kind: 'response', id: 7, reply: { result: { roots: [] } } })
    assert.deepEqual(message('{"jsonrpc":"2.0","id":7,"result":null}'), { kind: 'response', id: 7, reply: { result: null } })
    assert.deepEqual(message('{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no","data":[1],"x":1}}'), { kind: 'response', id: 7, reply: { error: { code: -1, message: 'no', data: [1] } } })
  })

  test('unknown members: of the envelope left behind, of params kept', () => {
    assert.deepEqual(message(request('"x":1,"params":{"name":"a","future":{"deep":[1]}}')), { kind: 'request', id: 1, method: 'tools/call', params: { name: 'a', future: { deep: [1] } } })
  })

  for (const [text, reason] of [
    ['{}', 'jsonrpc must be "2.0"'],
    ['{"jsonrpc":"1.0","id":1,"method":"a"}', 'jsonrpc must be "2.0"'],
    ['{"jsonrpc":2.0,"id":1,"method":"a"}', 'jsonrpc must be "2.0"'],
    ['{"jsonrpc":"2.0","id":1}', 'a message needs a method, a result or an error'],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}', 'a message needs a method, a result or an error'],
    ['{"jsonrpc":"2.0","id":1,"method":"a","result":{}}', 'a message is a request or a response, not both'],
    ['{"jsonrpc":"2.0","method":"a","error":{"code":1,"message":""}}', 'a message is a request or a response, not both'],
    ['{"jsonrpc":"2.0","result":{}}', 'a response needs a valid id'],
    ['{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}', 'a response needs a valid id'],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":""}}', 'malformed error'],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1}}', 'malformed error'],
    ['{"jsonrpc":"2.0","id":1,"error":"x"}', 'malformed error'],
    ['{"jsonrpc":"2.0","id":1,"method":""}', 'malformed method'],
    ['{"jsonrpc":"2.0","id":1,"method":null}', 'malformed method'],
    ['{"jsonrpc":"2.0","id":1,"method":["a"]}', 'malformed method'],
    [`{"jsonrpc":"2.0","id":1,"method":"${'m'.repeat(257)}"}`, 'malformed method'],
    [request('"params":[]'), 'params must be an object'],
    [request('"params":null'), 'params must be an object'],
    [request('"params":"x"'), 'params must be an object'],
    ['5', 'a message must be an object'],
    ['"x"', 'a message must be an object'],
    ['null', 'a message must be an object']
  ] as const) {
    test(`refused: ${text.slice(0, 70)}`, () => {
      const { code, reason: given } = refusal(text)
      assert.deepEqual([code, given], ['GW_PROTOCOL_SHAPE', reason])
    })
  }

  test('a refused message is answered under its own id when that is valid', () => {
    assert.equal(refusal('{"jsonrpc":"2.0","id":"q","method":7}').id, 'q')
    assert.equal(refusal('{"jsonrpc":"2.0","id":5,"method":"a","params":{"name":"a","name":"b"}}').id, 5)
    assert.equal(refusal('{"jsonrpc":"2.0","id":{},"method":7}').id, null)
    assert.equal(refusal('{"id":1,"id":2,"jsonrpc":"2.0","method":"a"}').id, null)
    assert.equal(refusal('{"id":1,"ID":2,"jsonrpc":"2.0","method":"a"}').id, null)
    assert.equal(refusal('{"id":1.0,"jsonrpc":"2.0","method":"a","params":{"a":1,"a":2}}').id, null)
  })
})

describe('ids (T33): kept exactly or refused, never altered', () => {
  for (const id of ['0', '1', '-1', '9007199254740991', '-9007199254740991', '""', '"1"', '"\\u00e9\\n"', `"${'i'.repeat(256)}"`]) {
    test(`kept: ${id.slice(0, 40)}`, () => {
      const parsed = message(`{"jsonrpc":"2.0","method":"a","id":${id}}`)
      assert.equal((parsed as { id: unknown }).id, JSON.parse(id))
    })
  }
  for (const id of ['null', 'true', '{}', '[]', '[1]', '1.5', '1.0', '1e2', '1E2', '-0', '0.0', '9007199254740992', '9007199254740993', '-9007199254740992', '1e400', '9'.repeat(10_000), `"${'i'.repeat(257)}"`, `"${'i'.repeat(10_000)}"`]) {
    test(`refused: ${id.slice(0, 40)}`, () => {
      assert.deepEqual(refusal(`{"jsonrpc":"2.0","method":"a","id":${id}}`), { code: 'GW_PROTOCOL_SHAPE', reason: 'malformed id', id: null })
      assert.equal(refusal(`{"jsonrpc":"2.0","id":${id},"result":{}}`).code, 'GW_PROTOCOL_SHAPE')
    })
  }
})

describe('smuggling (T34)', () => {
  const smuggled = {
    'duplicate id': '{"jsonrpc":"2.0","id":1,"id":1,"method":"a"}',
    'duplicate method': '{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}',
    'duplicate params': '{"jsonrpc":"2.0","id":1,"method":"a","params":{},"params":{}}',
    'duplicate unknown member': '{"jsonrpc":"2.0","id":1,"method":"a","x":1,"x":1}',
    'duplicate name': request('"params":{"name":"allowed","name":"denied"}'),
    'duplicate name, escaped': request('"params":{"name":"allowed","na\\u006de":"denied"}'),
    'duplicate name, escaped first': request('"params":{"\\u006eame":"allowed","name":"denied"}'),
    'duplicate method, escaped': '{"jsonrpc":"2.0","id":1,"method":"a","metho\\u0064":"b"}',
    'duplicate unknown param': request('"params":{"x":1,"y":2,"\\u0078":1}'),
    'duplicate progressToken': request('"params":{"_meta":{"progressToken":1,"progressToken":2}}'),
    'duplicate _meta': request('"params":{"_meta":{},"_meta":{"progressToken":2}}'),
    'duplicate clientInfo': request('"params":{"_meta":{"io.modelcontextprotocol/clientInfo":1,"io.modelcontextprotocol\\/clientInfo":2}}'),
    'Name after name': request('"params":{"name":"allowed","Name":"denied"}'),
    'Name before name': request('"params":{"Name":"denied","name":"allowed"}'),
    'Name alone': request('"params":{"Name":"denied"}'),
    'NAME, escaped': request('"params":{"name":"a","\\u004eAME":"b"}'),
    Method: '{"jsonrpc":"2.0","id":1,"method":"a","Method":"b"}',
    'method with a long s': '{"jsonrpc":"2.0","id":1,"method":"a","paramſ":{}}',
    'params with a long s, escaped': '{"jsonrpc":"2.0","id":1,"method":"a","param\\u017f":{}}',
    argumentſ: request('"params":{"name":"a","argumentſ":{}}'),
    'progressToken with a Kelvin sign': request('"params":{"_meta":{"progressTo\u212aen":1}}'),
    'taskId with a Kelvin sign, escaped': request('"params":{"tas\\u212aId":"1"}'),
    'urı, which Java folds': request('"params":{"ur\u0131":"x"}'),
    'URİ, which Java folds': request('"params":{"UR\u0130":"x"}'),
    'name with NUL': request('"params":{"name":"a","name\\u0000":"b"}'),
    'name with DEL': request('"params":{"name":"a","name\\u007f":"b"}'),
    _Meta: request('"params":{"_Meta":{}}'),
    PROGRESSTOKEN: request('"params":{"_meta":{"PROGRESSTOKEN":1}}'),
    'variants of an unknown param': request('"params":{"cost":1,"Cost":2}')
  }
  for (const [name, text] of Object.entries(smuggled)) {
    test(name, () => {
      assert.doesNotThrow(() => JSON.parse(text))
      const { code, reason } = refusal(text)
      assert.equal(code, 'GW_PROTOCOL_SHAPE')
      assert.match(reason, /^(?:duplicate|disguised) member in (?:envelope|params|_meta)$/)
    })
    test(`${name}, in a batch`, () => assert.equal(refusal(`[{"jsonrpc":"2.0","id":9,"method":"ping"},${text}]`).code, 'GW_PROTOCOL_SHAPE'))
  }

  test('one escaped spelling alone is the member itself', () => {
    assert.deepEqual(message('{"jsonrpc":"2.0","id":1,"metho\\u0064":"a","para\\u006ds":{"n\\u0061me":"t"}}'), { kind: 'request', id: 1, method: 'a', params: { name: 't' } })
  })

  test('tool arguments pass untouched, whatever their keys are', () => {
    const args = '{"name":1,"Name":2,"ID":3,"paramſ":4,"":5,"a\\u0000":6,"_meta":{"x":1,"X":2}}'
    assert.deepEqual(argumentsOf(args), JSON.parse(args))
  })
})

describe('prototype pollution (T36)', () => {
  for (const text of [
    '{"jsonrpc":"2.0","id":1,"method":"a","__proto__":{"admin":true}}',
    '{"jsonrpc":"2.0","id":1,"method":"a","constructor":{"prototype":{"admin":true}}}',
    request('"params":{"__proto__":{"admin":true}}'),
    request('"params":{"__pro\\u0074o__":{"admin":true}}'),
    request('"params":{"constructor":{"prototype":{"admin":true}}}'),
    request('"params":{"_meta":{"__proto__":{"admin":true}}}'),
    request('"params":{"_meta":{"constructor":{"prototype":{"admin":true}}}}')
  ]) {
    test(`refused: ${text}`, () => {
      assert.match(refusal(text).reason, /^prototype member in /)
      assert.equal(({} as { admin?: unknown }).admin, undefined)
    })
  }

  test('inside tool arguments they are plain members that come out as they went in', () => {
    const args = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}'
    const given = argumentsOf(args)
    assert.equal(JSON.stringify(given), args)
    assert.equal(Object.getPrototypeOf(given), Object.prototype)
    assert.equal(({} as { admin?: unknown }).admin, undefined)
  })
})

describe('encoding', () => {
  const text = (...bytes: number[]) => Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":"'), Buffer.from(bytes), Buffer.from('","method":"a"}')])
  for (const [name, bytes] of [['lone continuation', [0x80]], ['overlong slash', [0xc0, 0xaf]], ['CESU surrogate', [0xed, 0xa0, 0x80]], ['cut sequence', [0xe2, 0x82]], ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]], ['latin-1', [0xe9]]] as const) {
    test(`not UTF-8: ${name}`, () => assert.deepEqual(refusal(text(...bytes)), { code: 'GW_PROTOCOL_PARSE', reason: 'not UTF-8', id: null }))
  }
  test('UTF-8 of every length stays exact', () => {
    const parsed = message('{"jsonrpc":"2.0","id":"aé€😀","method":"a","params":{"é":"\u2028"}}')
    assert.deepEqual(parsed, { kind: 'request', id: 'aé€😀', method: 'a', params: { é: '\u2028' } })
  })
  test('a byte order mark, UTF-16 and an empty body are no JSON', () => {
    const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
    for (const body of [Buffer.from(`\ufeff${ping}`), Buffer.from(ping, 'utf16le'), Buffer.from(`\ufeff${ping}`, 'utf16le'), Buffer.alloc(0), Buffer.from(' \n')]) {
      assert.equal(refusal(body).code, 'GW_PROTOCOL_PARSE')
    }
  })
  for (const text of ['{', '{"a"', '{"a":', '{"a":1', '{"a":1,}', '{a:1}', "{'a':1}", '{"a" 1}', '{"a":}', '{,}', '[', '[1', '[1,]', '[,]', '}', ']', '{]', '{"params":{"a":[}}}', 'nul', '{"a":01}', '{"a":"\n"}', '{"a":"\\x"}', '{"jsonrpc":"2.0","id":1,"method":"a"}x', '{"jsonrpc":"2.0","id":1,"method":"a"}{}', '{"\\uD":1}', '{"params":{"\\":1}}']) {
    test(`not JSON: ${JSON.stringify(text)}`, () => assert.equal(refusal(text).code, 'GW_PROTOCOL_PARSE'))
  }
})

describe('batches', () => {
  const batchOf = (count: number) => `[${Array.from({ length: count }, (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`).join()}]`

  test('each element is classified for itself', () => {
    const parsed = parseBody(Buffer.from(' [ {"jsonrpc":"2.0","id":1,"method":"a"} , 5,[{"jsonrpc":"2.0","id":1,"method":"a"}],{"jsonrpc":"2.0","method":"n"},{"jsonrpc":"2.0","id":1.0,"method":"a"},{"id":"x"},{"jsonrpc":"2.0","id":2,"result":{}}] '))
    assert.ok(parsed.ok && parsed.value.kind === 'batch')
    assert.deepEqual(parsed.value.messages, [
      { kind: 'request', id: 1, method: 'a', params: undefined },
      { kind: 'invalid', id: null, code: 'GW_PROTOCOL_SHAPE', reason: 'a message must be an object' },
      { kind: 'invalid', id: null, code: 'GW_PROTOCOL_SHAPE', reason: 'a message must be an object' },
      { kind: 'notification', method: 'n', params: undefined },
      { kind: 'invalid', id: null, code: 'GW_PROTOCOL_SHAPE', reason: 'malformed id' },
      { kind: 'invalid', id: 'x', code: 'GW_PROTOCOL_SHAPE', reason: 'jsonrpc must be "2.0"' },
      { kind: 'response', id: 2, reply: { result: {} } }
    ])
  })

  test('at most 50, at least one', () => {
    const full = parseBody(Buffer.from(batchOf(MAX_BATCH)))
    assert.ok(full.ok && full.value.kind === 'batch' && full.value.messages.length === MAX_BATCH)
    assert.deepEqual(refusal(batchOf(MAX_BATCH + 1)), { code: 'GW_PROTOCOL_BATCH', reason: 'too many messages in a batch', id: null })
    assert.equal(refusal(batchOf(1000)).code, 'GW_PROTOCOL_BATCH')
    assert.deepEqual(refusal('[]'), { code: 'GW_PROTOCOL_SHAPE', reason: 'empty batch', id: null })
  })

  test('a batch that the scan refuses is answered under no id', () => {
    assert.equal(refusal('[{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1,"x":2}}]').id, null)
  })
})

describe('byte ranges', () => {
  const ranges = (text: string) => {
    const parsed = parseBody(Buffer.from(text))
    assert.ok(parsed.ok && parsed.value.kind === 'single')
    return parsed.value.ranges
  }

  test('id and params, and whether bytes may be copied into a line', () => {
    const text = '{"jsonrpc":"2.0","id":"é","method":"a","params":{"x":"\u00e9\\n"}}'
    const { idStart, idEnd, paramsStart, paramsEnd, spliceable } = ranges(text)
    const bytes = Buffer.from(text)
    assert.deepEqual([bytes.toString('utf8', idStart, idEnd), bytes.toString('utf8', paramsStart, paramsEnd), spliceable], ['"é"', '{"x":"é\\n"}', true])
  })

  test('a message without them has none', () => {
    assert.deepEqual(ranges('{"jsonrpc":"2.0","method":"a"}'), { idStart: -1, idEnd: -1, paramsStart: -1, paramsEnd: -1, spliceable: true })
  })

  for (const [name, text] of [['line feed', request('"params":{\n"name":"a"}')], ['tab', request('\t"params":{}')], ['carriage return deep down', request('"params":{"arguments":[1,\r2]}')], ['U+0085', request('"params":{"x":"\u0085"}')], ['U+2028', request('"params":{"x":"\u2028"}')], ['U+2029 in a key', request('"params":{"arguments":{"\u2029":1}}')]] as const) {
    test(`not spliceable: ${name}`, () => assert.equal(ranges(text).spliceable, false))
  }
})

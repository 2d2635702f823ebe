import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isModern, META, modernNotificationRefusal, readModern, repeatedMirror, type JsonObject, type RequestHeaders } from '../../../src/protocol/index.ts'
import { asRequest, envelope, headersOf } from './modern-parts.ts'

const HUGE = 'x'.repeat(100_000)

/** The catalogue row of a refusal; 'ok' = none. */
function verdict (method: string, params: JsonObject | undefined, headers: RequestHeaders): string {
  const read = readModern(asRequest(method, params), headers)
  if (read.ok) return 'ok'
  assert.ok(read.error.message.length < 250, 'no long text of the sender in the answer')
  return read.error.code
}

describe('which era a message belongs to: the body decides (MCP 2026-07-28 versioning)', () => {
  const modern = { 'mcp-protocol-version': '2026-07-28' }
  const legacy = { 'mcp-protocol-version': '2025-11-25' }
  const meta = envelope()
  const table: ReadonlyArray<readonly [string, string, JsonObject | undefined, RequestHeaders, boolean]> = [
    ['a claim', 'tools/list', { _meta: meta }, {}, true],
    ['a claim under an older header', 'tools/list', { _meta: meta }, legacy, true],
    ['a claim of an older version', 'tools/list', { _meta: envelope({ [META.protocolVersion]: '2025-11-25' }) }, legacy, true],
    ['a claim that is no string', 'tools/list', { _meta: envelope({ [META.protocolVersion]: 7 }) }, {}, true],
    ['no claim', 'tools/list', { _meta: { progressToken: 1 } }, legacy, false],
    ['no claim, modern header', 'tools/list', {}, modern, true],
    ['no params', 'tools/list', undefined, {}, false],
    ['_meta that is no object', 'tools/list', { _meta: [META.protocolVersion] }, {}, false],
    ['server/discover', 'server/discover', undefined, {}, true],
    ['subscriptions/listen', 'subscriptions/listen', {}, legacy, true],
    ['initialize', 'initialize', { protocolVersion: '2026-07-28' }, {}, false],
    ['initialize with a whole claim', 'initialize', { _meta: meta }, {}, true],
    ['initialize with half a claim', 'initialize', { _meta: envelope({ [META.clientCapabilities]: undefined }) }, {}, false],
    ['initialize with an older claim', 'initialize', { _meta: envelope({ [META.protocolVersion]: '2025-06-18' }) }, {}, false],
    ['initialize under a modern header', 'initialize', { protocolVersion: '2025-11-25' }, modern, true],
    ['a header that is no date', 'tools/list', {}, { 'mcp-protocol-version': 'v999.0.0' }, false],
    ['a future header', 'tools/list', {}, { 'mcp-protocol-version': '2031-01-01' }, true],
    ['the new headers of mcp-remote', 'tools/call', { name: 'x' }, { ...legacy, 'mcp-method': 'tools/list', 'mcp-name': 'y' }, false]
  ]
  for (const [what, method, params, headers, expected] of table) {
    test(what, () => assert.equal(isModern(asRequest(method, params), headers), expected))
  }

  test('notifications by their claim or the header; responses and what is no message by the header alone', () => {
    assert.equal(isModern({ kind: 'notification', method: 'notifications/x', params: { _meta: meta } }, {}), true)
    assert.equal(isModern({ kind: 'notification', method: 'notifications/x', params: undefined }, modern), true)
    assert.equal(isModern({ kind: 'notification', method: 'notifications/x', params: undefined }, legacy), false)
    for (const message of [{ kind: 'response', id: 1, reply: { result: {} } }, { kind: 'invalid', id: null, code: 'GW_PROTOCOL_SHAPE', reason: '' }] as const) {
      assert.deepEqual([isModern(message, modern), isModern(message, legacy), isModern(message, {})], [true, false, false])
    }
  })
})

describe('_meta (MCP 2026-07-28 base protocol)', () => {
  const list = (change: Readonly<Record<string, unknown>>): string => verdict('tools/list', { _meta: envelope(change) }, headersOf('tools/list'))

  test('is read by reference, without what may be left out', () => {
    const capabilities = { elicitation: {}, 'com.example/x': 1 }
    const read = readModern(asRequest('tools/list', { _meta: { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: capabilities } }), headersOf('tools/list'))
    assert.deepEqual(read, { ok: true, value: { protocolVersion: '2026-07-28', clientCapabilities: capabilities, logLevel: undefined } })
    assert.equal(read.ok && read.value.clientCapabilities, capabilities)
  })

  test('good ones', () => {
    for (const level of ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']) assert.equal(list({ [META.logLevel]: level }), 'ok')
    for (const progressToken of [0, -1, 7, '', 'token']) assert.equal(list({ progressToken }), 'ok')
    for (const capabilities of [{}, { sampling: { tools: {} } }, { experimental: { x: {} }, roots: {}, elicitation: { form: {}, url: {} }, extensions: {} }, { unknown: 7 }]) assert.equal(list({ [META.clientCapabilities]: capabilities }), 'ok')
    assert.equal(list({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01', 'com.example/mine': [1], [META.clientInfo]: undefined }), 'ok')
  })

  const wrong: ReadonlyArray<readonly [string, readonly unknown[]]> = [
    [META.protocolVersion, [undefined, null, 7, {}, ['2026-07-28']]],
    [META.clientCapabilities, [undefined, null, [], 'x', true, { sampling: true }, { roots: [] }, { elicitation: null }, { extensions: 'x' }, { experimental: 0 }]],
    [META.clientInfo, [null, 'x', [], {}, { name: 'x' }, { version: '1' }, { name: 1, version: '1' }]],
    [META.logLevel, [null, '', 'trace', 'INFO', 6, HUGE]],
    ['progressToken', [null, 1.5, {}, true, []]]
  ]
  for (const [key, values] of wrong) {
    test(`${key}: what is wrong is named`, () => {
      for (const value of values) {
        const read = readModern(asRequest('tools/list', { _meta: envelope({ [key]: value }) }), headersOf('tools/list'))
        assert.ok(!read.ok, JSON.stringify(value))
        assert.deepEqual([read.error.code, read.error.row.rpcCode, read.error.row.status], ['GW_PROTOCOL_META', -32602, 400])
        assert.ok(read.error.message.includes(key))
      }
    })
  }

  test('has to be there, and an object', () => {
    for (const params of [undefined, {}, { _meta: null }, { _meta: 'x' }, { _meta: [] }]) assert.equal(verdict('server/discover', params, headersOf('server/discover')), 'GW_PROTOCOL_META')
  })
})

describe('headers against the body (MCP 2026-07-28 server validation, SEP-2243; T35)', () => {
  const call = (name: string, headers: RequestHeaders): string => verdict('tools/call', { name, _meta: envelope() }, headers)

  test('agreeing ones', () => {
    assert.equal(call('echo', headersOf('tools/call', 'echo')), 'ok')
    assert.equal(call('echo', headersOf('tools/call', '=?base64?ZWNobw==?=')), 'ok')
    assert.equal(call('echo', headersOf('tools/call', ' \techo  ')), 'ok')
    assert.equal(call('Wetter für München', headersOf('tools/call', '=?base64?V2V0dGVyIGbDvHIgTcO8bmNoZW4=?=')), 'ok')
    assert.equal(call('=?base64?x?=', headersOf('tools/call', '=?base64?PT9iYXNlNjQ/eD89?=')), 'ok')
    assert.equal(verdict('resources/read', { uri: 'file:///a,b', _meta: envelope() }, headersOf('resources/read', 'file:///a,b')), 'ok')
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) assert.equal(verdict(method, { taskId: 't', _meta: envelope() }, headersOf(method, 't')), 'ok')
    assert.equal(verdict('tools/list', { _meta: envelope() }, { ...headersOf('tools/list', 'anything'), 'mcp-session-id': 'x', 'last-event-id': 'y' }), 'ok')
  })

  const bad: ReadonlyArray<readonly [string, RequestHeaders, RegExp]> = [
    ['no version', { 'mcp-method': 'tools/call', 'mcp-name': 'echo' }, /MCP-Protocol-Version is missing/],
    ['another version', headersOf('tools/call', 'echo', '2025-11-25'), /MCP-Protocol-Version does not match/],
    ['a version twice', headersOf('tools/call', 'echo', '2026-07-28, 2026-07-28'), /MCP-Protocol-Version does not match/],
    ['no method', { 'mcp-protocol-version': '2026-07-28', 'mcp-name': 'echo' }, /Mcp-Method is missing/],
    ['another method', headersOf('tools/list', 'echo'), /Mcp-Method does not match/],
    ['a method in capitals', headersOf('TOOLS/CALL', 'echo'), /Mcp-Method does not match/],
    ['a method with other white space', headersOf('\u00a0tools/call', 'echo'), /Mcp-Method does not match/],
    ['no name', headersOf('tools/call'), /Mcp-Name is missing/],
    ['another name', headersOf('tools/call', 'delete_all'), /Mcp-Name does not match/],
    ['a name in capitals', headersOf('tools/call', 'Echo'), /Mcp-Name does not match/],
    ['a name twice', headersOf('tools/call', 'echo, echo'), /Mcp-Name does not match/],
    ['a list of names', { ...headersOf('tools/call'), 'mcp-name': ['echo'] }, /Mcp-Name cannot be decoded/],
    ['another name in base64', headersOf('tools/call', '=?base64?ZGVsZXRl?='), /Mcp-Name does not match/],
    ['bad padding', headersOf('tools/call', '=?base64?ZWNobw?='), /Mcp-Name cannot be decoded/],
    ['characters that are none of base64', headersOf('tools/call', '=?base64?ZWN!obw=?='), /Mcp-Name cannot be decoded/],
    ['markers in capitals', headersOf('tools/call', '=?BASE64?ZWNobw==?='), /Mcp-Name does not match/],
    ['bytes beyond ASCII', headersOf('tools/call', 'ech\u00f6'), /Mcp-Name cannot be decoded/],
    ['a long one', headersOf('tools/call', HUGE), /Mcp-Name does not match/]
  ]
  for (const [what, headers, sentence] of bad) {
    test(what, () => {
      const read = readModern(asRequest('tools/call', { name: 'echo', _meta: envelope() }), headers)
      assert.ok(!read.ok)
      assert.deepEqual([read.error.code, read.error.row.rpcCode, read.error.row.status], ['GW_PROTOCOL_HEADERS', -32020, 400])
      assert.match(read.error.message, sentence)
      assert.ok(read.error.message.length < 250)
    })
  }

  test('a name as Latin-1 is refused even where the body has the same characters', () => {
    assert.equal(call('echö', headersOf('tools/call', 'echö')), 'GW_PROTOCOL_HEADERS')
  })

  test('a plain value that reads as encoded does not stand for itself', () => {
    assert.equal(call('=?base64?ZWNobw==?=', headersOf('tools/call', '=?base64?ZWNobw==?=')), 'GW_PROTOCOL_HEADERS')
  })

  test('a body without the name is for whoever reads the params, whatever the header says', () => {
    for (const params of [{}, { name: 7 }, { uri: 'x' }]) {
      assert.equal(verdict('tools/call', { ...params, _meta: envelope() }, headersOf('tools/call')), 'ok')
      assert.equal(verdict('tools/call', { ...params, _meta: envelope() }, headersOf('tools/call', 'echo')), 'ok')
    }
  })

  test('_meta is looked at first, then what headers say, then the version, then what they lack, then the method', () => {
    const version = 'v999.0.0'
    const wrong = envelope({ [META.protocolVersion]: version })
    assert.equal(verdict('ping', { _meta: { ...wrong, [META.logLevel]: 'x' } }, headersOf('x')), 'GW_PROTOCOL_META')
    assert.equal(verdict('ping', { _meta: wrong }, headersOf('ping')), 'GW_PROTOCOL_HEADERS')
    assert.equal(verdict('ping', { _meta: wrong }, headersOf('pong', undefined, version)), 'GW_PROTOCOL_HEADERS')
    assert.equal(verdict('ping', { _meta: wrong }, {}), 'GW_PROTOCOL_UNSUPPORTED')
    assert.equal(verdict('ping', { _meta: envelope() }, {}), 'GW_PROTOCOL_HEADERS')
    assert.equal(verdict('ping', { _meta: envelope() }, headersOf('ping')), 'GW_PROTOCOL_METHOD')
  })
})

describe('versions and methods', () => {
  test('a version that is not served is named, cut short, beside those that are', () => {
    for (const version of ['v999.0.0', '2025-11-25', '', HUGE]) {
      const read = readModern(asRequest('tools/list', { _meta: envelope({ [META.protocolVersion]: version }) }), headersOf('tools/list', undefined, version))
      assert.ok(!read.ok)
      assert.deepEqual([read.error.code, read.error.row.rpcCode], ['GW_PROTOCOL_UNSUPPORTED', -32022])
      assert.deepEqual(read.error.details.data, { supported: ['2026-07-28'], requested: version.slice(0, 64) })
    }
  })

  test('removed methods are not found; unknown ones are for the gateway', () => {
    for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']) assert.equal(verdict(method, { _meta: envelope() }, headersOf(method)), 'GW_PROTOCOL_METHOD')
    for (const method of ['no/such', 'toString', '__proto__', 'tools/list']) assert.equal(verdict(method, { _meta: envelope() }, headersOf(method)), 'ok')
  })

  test('initialize under a modern header is refused as what it is', () => {
    assert.equal(verdict('initialize', { protocolVersion: '2025-11-25' }, { 'mcp-protocol-version': '2026-07-28' }), 'GW_PROTOCOL_HEADERS')
  })
})

describe('notifications', () => {
  const refusal = (params: JsonObject | undefined, headers: RequestHeaders): string | undefined => {
    return modernNotificationRefusal({ kind: 'notification', method: 'notifications/x', params }, headers)?.code
  }

  test('need no headers, but those that are there must agree', () => {
    const params = { _meta: { [META.protocolVersion]: '2026-07-28' } }
    assert.equal(refusal(params, {}), undefined)
    assert.equal(refusal(undefined, { 'mcp-protocol-version': '2026-07-28' }), undefined)
    assert.equal(refusal(params, headersOf('notifications/x')), undefined)
    assert.equal(refusal(params, headersOf('notifications/y')), 'GW_PROTOCOL_HEADERS')
    assert.equal(refusal(params, headersOf('notifications/x', undefined, '2025-11-25')), 'GW_PROTOCOL_HEADERS')
    assert.equal(refusal({ _meta: { [META.protocolVersion]: '2031-01-01' } }, {}), 'GW_PROTOCOL_UNSUPPORTED')
    assert.equal(refusal(undefined, { 'mcp-protocol-version': '2031-01-01' }), 'GW_PROTOCOL_UNSUPPORTED')
    assert.equal(refusal({ _meta: { [META.protocolVersion]: 7 } }, {}), 'GW_PROTOCOL_META')
  })
})

describe('headers on several lines', () => {
  test('are found whatever their spelling; others may repeat', () => {
    const line = (...names: string[]): string[] => names.flatMap((name) => [name, 'x'])
    assert.equal(repeatedMirror(line('Mcp-Name', 'MCP-NAME')), 'mcp-name')
    assert.equal(repeatedMirror(line('Mcp-Method', 'Accept', 'mcp-method')), 'mcp-method')
    assert.equal(repeatedMirror(line('MCP-Protocol-Version', 'mcp-protocol-version')), 'mcp-protocol-version')
    assert.equal(repeatedMirror(line('Mcp-Param-A', 'Mcp-Param-B', 'mcp-param-a')), 'mcp-param-a')
    assert.equal(repeatedMirror(line('Accept', 'Accept', 'Mcp-Session-Id', 'Mcp-Session-Id', 'Mcp-Method', 'Mcp-Name', 'MCP-Protocol-Version', 'Mcp-Param-X')), undefined)
    assert.equal(repeatedMirror([]), undefined)
  })
})

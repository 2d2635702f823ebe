import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { TestKey } from '../helpers/api-keys.ts'
import { startEdge } from './edge-app.ts'
import type { EdgeApp } from './edge-app.ts'
import { rawSend } from './raw-http.ts'
import { edgeSettings } from './settings.ts'

describe('Host and Origin (T29)', () => {
  let edge: EdgeApp
  let key: TestKey
  before(async () => {
    const made = edgeSettings({ http: { allowedHosts: ['gateway.test', 'mcp.example:8443', 'localhost', '127.0.0.1', '[::1]'], allowedOrigins: ['https://app.example'] } })
    key = made.key
    edge = await startEdge({ settings: made.settings })
  })
  after(() => edge.close())

  const statusFor = async (lines: readonly string[], target = '/status'): Promise<number[]> => {
    const { statuses } = await rawSend(edge.port, [`GET ${target} HTTP/1.1`, 'connection: close', `authorization: Bearer ${key.text}`, ...lines, '', ''].join('\r\n'))
    return [...statuses]
  }

  test('serves its hosts, any port of a bare one, one port of another', async () => {
    for (const host of ['gateway.test', 'GATEWAY.test', 'gateway.test:1', 'gateway.test:65535', 'mcp.example:8443', 'localhost:9', '[::1]', '[::1]:8080', '127.0.0.1']) {
      assert.deepEqual(await statusFor([`host: ${host}`]), [200], host)
    }
  })

  test('refuses every other Host', async () => {
    for (const host of ['evil.example', 'gateway.test.evil.example', 'evil.example#gateway.test', 'localhost/#@evil', 'user@gateway.test', 'gateway.test:80@evil', 'gateway.test,evil.example', 'mcp.example', 'mcp.example:443', 'gateway.test:', 'gateway.test:999999', 'xgateway.test', 'gateway.test.', '[::2]', '127.0.0.1.nip.io', '2130706433', '']) {
      assert.deepEqual(await statusFor([`host: ${host}`]), [421], host)
    }
    assert.deepEqual(await statusFor([]), [400], 'no Host at all')
    assert.deepEqual(await statusFor(['host: gateway.test', 'host: evil.example']), [400], 'two Hosts')
    assert.deepEqual(await statusFor(['host: gateway.test', 'Host: gateway.test']), [400], 'the same Host twice')
  })

  test('an absolute target has to name our host too', async () => {
    assert.deepEqual(await statusFor(['host: gateway.test'], 'http://gateway.test/status'), [200])
    assert.deepEqual(await statusFor(['host: gateway.test'], 'http://evil.example/status'), [421])
    assert.deepEqual(await statusFor(['host: evil.example'], 'http://gateway.test/status'), [421])
    assert.deepEqual(await statusFor(['host: gateway.test'], 'http://gateway.test@evil.example/status'), [421])
    assert.deepEqual(await statusFor(['host: gateway.test'], 'ftp://gateway.test/status'), [421])
    assert.deepEqual(await statusFor(['host: gateway.test'], '*'), [421])
  })

  test('Origin: absent, listed, our own and this machine pass; the rest is 403', async () => {
    for (const origin of [undefined, 'https://app.example', 'http://gateway.test', 'http://localhost:6274', 'http://127.0.0.1', 'https://[::1]:3000']) {
      assert.deepEqual(await statusFor(['host: gateway.test', ...origin === undefined ? [] : [`origin: ${origin}`]]), [200], origin)
    }
    for (const origin of ['null', '', 'https://evil.example', 'https://gateway.test.evil.example', 'https://evil.example/http://gateway.test', 'http://app.example', 'https://app.example:444', 'https://app.example/', 'https://localhost.evil.example', 'http://localhost@evil.example', 'HTTPS://APP.EXAMPLE', 'file://', 'https://app.example https://evil.example']) {
      assert.deepEqual(await statusFor(['host: gateway.test', `origin: ${origin}`]), [403], origin)
    }
    assert.deepEqual(await statusFor(['host: gateway.test', 'origin: https://app.example', 'origin: https://evil.example']), [403])
  })

  test('pages of this machine pass only while its names are served', async (t) => {
    const { settings, key: remote } = edgeSettings({ http: { allowedHosts: ['gateway.test'] } })
    const strict = await startEdge({ settings })
    t.after(() => strict.close())
    const answer = await strict.send('/status', { headers: { ...remote.bearer, host: 'gateway.test', origin: 'http://localhost:6274' } })
    assert.equal(answer.status, 403)
  })
})

describe('CORS', () => {
  const preflight = { host: 'gateway.test', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }

  test('is off without a list: a preflight is one more request without a credential', async (t) => {
    const edge = await startEdge({ settings: edgeSettings().settings })
    t.after(() => edge.close())
    const answer = await edge.send('/mcp', { method: 'OPTIONS', headers: { ...preflight, origin: 'http://gateway.test' } })
    assert.equal(answer.status, 401)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  })

  test('names listed Origins only, without wildcard, reflection or credentials', async (t) => {
    const { settings } = edgeSettings({ http: { allowedOrigins: ['https://app.example'] } })
    const edge = await startEdge({ settings })
    t.after(() => edge.close())
    const good = await edge.send('/mcp', { method: 'OPTIONS', headers: { ...preflight, origin: 'https://app.example' } })
    assert.equal(good.status, 204)
    assert.equal(good.headers['access-control-allow-origin'], 'https://app.example')
    assert.equal(good.headers['access-control-allow-credentials'], undefined)
    assert.match(String(good.headers['access-control-allow-headers']), /Authorization.*Mcp-Session-Id/)
    assert.ok(good.headers['x-request-id'])

    for (const origin of ['https://evil.example', 'null']) {
      const evil = await edge.send('/mcp', { method: 'OPTIONS', headers: { ...preflight, origin } })
      assert.equal(evil.status, 403)
      assert.equal(evil.headers['access-control-allow-origin'], undefined)
    }
    const wrongHost = await edge.send('/mcp', { method: 'OPTIONS', headers: { ...preflight, host: 'evil.example', origin: 'https://app.example' } })
    assert.equal(wrongHost.status, 421)
    assert.equal(wrongHost.headers['access-control-allow-origin'], undefined)

    // A page has to be able to read why it was refused.
    const refused = await edge.send('/mcp', { method: 'POST', body: {}, headers: { host: 'gateway.test', origin: 'https://app.example' } })
    assert.equal(refused.status, 401)
    assert.equal(refused.headers['access-control-allow-origin'], 'https://app.example')
    assert.match(String(refused.headers['access-control-expose-headers']), /Mcp-Session-Id.*X-Request-Id.*WWW-Authenticate.*RateLimit-Reset/)
    assert.equal(String(refused.headers.vary).toLowerCase(), 'origin')
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { CredentialError } from '../../../src/upstream/credentials/credential-error.ts'
import { createTokenRequest, type TokenRequest } from '../../../src/upstream/credentials/token-request.ts'
import { until } from '../../helpers/until.ts'

const SECRET = 'canary-of-the-client'

/** A token endpoint that answers so, and a request to it. */
async function endpoint (t: TestContext, answer: (response: ServerResponse) => void): Promise<{ readonly request: TokenRequest, readonly asked: () => number, readonly close: () => Promise<unknown> }> {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tokenUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  const request = createTokenRequest({ tokenUrl, clientId: 'c', clientSecret: SECRET, clientAuthentication: 'basic', allowPrivateNetwork: true })
  const close = async (): Promise<unknown> => {
    server.closeAllConnections()
    server.close()
    return await once(server, 'close')
  }
  t.after(async () => {
    request.close()
    if (server.listening) await close()
  })
  return { request, asked: () => asked, close }
}

const refusalOf = async (request: TokenRequest): Promise<CredentialError> => await request.send().then(() => assert.fail('it was told a token'), (error: unknown) => {
  assert.ok(error instanceof CredentialError)
  assert.ok(!error.message.includes(SECRET))
  return error
})

const json = (response: ServerResponse, body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void => { response.writeHead(status, headers).end(JSON.stringify(body)) }

describe('a request for a token (RFC 6749 4.4)', () => {
  it('gets it', async (t) => {
    const { request } = await endpoint(t, (response) => { json(response, { access_token: 'abc', token_type: 'Bearer', expires_in: 60 }) })
    assert.deepEqual(await request.send(), { value: 'abc', lifeS: 60 })
  })

  const rows: ReadonlyArray<readonly [what: string, answer: (response: ServerResponse) => void, code: CredentialError['code'], says: RegExp]> = [
    ['too much', (response) => { json(response, { access_token: 'abc', token_type: 'Bearer', more: 'x'.repeat(65_536) }) }, 'GW_UPSTREAM_UNAVAILABLE', /did not tell: the answer is larger than 65536 bytes/],
    ['something packed', (response) => { json(response, {}, 200, { 'content-encoding': 'gzip' }) }, 'GW_UPSTREAM_UNAVAILABLE', /did not tell: answered with a content-encoding/],
    ['a connection that breaks off', (response) => { response.writeHead(200, { 'content-length': '9' }).write('{', () => { response.destroy() }) }, 'GW_UPSTREAM_UNAVAILABLE', /did not tell: /],
    ['503', (response) => { json(response, {}, 503) }, 'GW_UPSTREAM_UNAVAILABLE', /answered with status 503/],
    ['a redirect', (response) => { json(response, {}, 302, { location: 'http://127.0.0.1:1/' }) }, 'GW_UPSTREAM_AUTH', /refused with status 302/],
    ['a refusal', (response) => { json(response, { error: 'invalid_client', error_description: SECRET }, 401) }, 'GW_UPSTREAM_AUTH', /refused with status 401, invalid_client$/]
  ]
  for (const [what, answer, code, says] of rows) {
    it(`gets ${what}: none, and the log knows why`, async (t) => {
      const { request } = await endpoint(t, answer)
      const error = await refusalOf(request)
      assert.equal(error.code, code)
      assert.match(error.message, says)
    })
  }

  it('meets nobody: it was not reached', async (t) => {
    const { request, close } = await endpoint(t, () => {})
    await close()
    const error = await refusalOf(request)
    assert.deepEqual([error.code, error.message.startsWith('the token endpoint was not reached: ')], ['GW_UPSTREAM_UNAVAILABLE', true], error.message)
  })

  it('meets silence: ended after ten seconds', async (t) => {
    const { request, asked } = await endpoint(t, () => {})
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const refused = refusalOf(request)
    // The pause of `until` is no timer of this kind.
    await until('it was asked', () => asked() === 1)
    t.mock.timers.tick(10_000)
    const error = await refused
    assert.deepEqual([error.code, error.message], ['GW_UPSTREAM_UNAVAILABLE', 'the token endpoint did not tell: no answer in time'])
  })
})

import assert from 'node:assert/strict'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { after, describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import type { TlsSettings } from '../../../src/shared/settings/tls.ts'
import { createAuthority } from './certificates.ts'
import { canary, get, listening, outboundTo, refusalOf, resolver } from './servers.ts'
import type { TargetOptions } from './servers.ts'

const authority = createAuthority({ after })
const other = createAuthority({ after })
const ours = authority.issue('name.example', 'DNS:name.example')

/** An https server that says whom the client asked for and who the client is. */
async function httpsServer (test: TestContext, options: ServerOptions = {}) {
  return await listening(test, createServer({ cert: ours.cert, key: ours.key, ...options }, (request, response) => {
    const socket = request.socket as TLSSocket
    response.end(JSON.stringify({ host: request.headers.host, sni: socket.servername, protocol: socket.getProtocol(), alpn: socket.alpnProtocol, client: socket.getPeerCertificate().subject?.CN }))
  }), '127.0.0.1')
}

function to (test: TestContext, port: number, tls: TlsSettings | undefined, host = 'name.example', more: TargetOptions = {}) {
  return outboundTo(test, `https://${host}:${port}/`, { allowPrivateNetwork: true, resolve: resolver(['127.0.0.1']), ...(tls === undefined ? {} : { tls }), ...more })
}

describe('TLS towards upstream servers', () => {
  it('own authority: the name stays in SNI, Host and certificate; HTTP/1.1', async (test) => {
    const { port } = await httpsServer(test)
    assert.deepEqual(JSON.parse(await get(to(test, port, { ca: authority.ca }))), { host: `name.example:${port}`, sni: 'name.example', protocol: 'TLSv1.3', alpn: 'http/1.1' })
    assert.deepEqual(JSON.parse(await get(to(test, port, { ca: authority.ca }, 'NAME.example.'))), { host: `name.example.:${port}`, sni: 'name.example', protocol: 'TLSv1.3', alpn: 'http/1.1' })
  })

  it('HTTP/1.1 also to a server that would rather speak HTTP/2', async (test) => {
    const { port } = await listening(test, createSecureServer({ cert: ours.cert, key: ours.key, allowHTTP1: true }, (request, response) => response.end(request.httpVersion)), '127.0.0.1')
    assert.equal(await get(to(test, port, { ca: authority.ca })), '1.1')
  })

  it('an authority that is not trusted, and no way to trust it', async (test) => {
    const { port } = await httpsServer(test)
    // Node warns of the variable once per process, when a connection could heed it.
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    test.after(() => { if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']; else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before })
    for (const tls of [undefined, {}, { ca: other.ca }]) {
      const error = await refusalOf(() => to(test, port, tls))
      assert.equal(error.failure, 'tls')
      assert.equal(error.message, 'The upstream server cannot be reached.')
      assert.match(error.reason, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/)
    }
  })

  it('a certificate for another name', async (test) => {
    const { port } = await httpsServer(test)
    const error = await refusalOf(() => to(test, port, { ca: authority.ca }, 'wrong.example'))
    assert.equal(error.failure, 'tls')
    assert.match(error.reason, /ERR_TLS_CERT_ALTNAME_INVALID/)
    assert.match((await refusalOf(() => to(test, port, { ca: authority.ca }, '127.0.0.1'))).reason, /ALTNAME_INVALID/)
    assert.match((await refusalOf(() => to(test, port, { ca: authority.ca, servername: 'wrong.example' }))).reason, /ALTNAME_INVALID/)
  })

  it('servername says whom the certificate is for, also at an address', async (test) => {
    const { port } = await httpsServer(test)
    for (const host of ['wrong.example', '127.0.0.1']) {
      const answer = JSON.parse(await get(to(test, port, { ca: authority.ca, servername: 'name.example' }, host))) as object
      assert.deepEqual(answer, { host: `${host}:${port}`, sni: 'name.example', protocol: 'TLSv1.3', alpn: 'http/1.1' })
    }
  })

  it('a certificate for an address needs no name', async (test) => {
    const { cert, key } = authority.issue('address', 'IP:127.0.0.1')
    const { port } = await httpsServer(test, { cert, key })
    assert.equal((JSON.parse(await get(to(test, port, { ca: authority.ca }, '127.0.0.1'))) as { sni: unknown }).sni, false)
  })

  it('a client certificate is shown where it is asked for', async (test) => {
    const client = authority.issue('gateway', 'DNS:gateway.example')
    const { port } = await httpsServer(test, { requestCert: true, rejectUnauthorized: true, ca: authority.ca })
    const answer = JSON.parse(await get(to(test, port, { ca: authority.ca, cert: client.cert, key: client.key }))) as { client: string }
    assert.equal(answer.client, 'gateway')
    await assert.rejects(get(to(test, port, { ca: authority.ca })))
    const stranger = other.issue('gateway', 'DNS:gateway.example')
    await assert.rejects(get(to(test, port, { ca: authority.ca, cert: stranger.cert, key: stranger.key })))
  })

  it('TLS 1.2 is spoken, nothing older is', async (test) => {
    const old = await httpsServer(test, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
    const fair = await httpsServer(test, { maxVersion: 'TLSv1.2' })
    assert.equal((await refusalOf(() => to(test, old.port, { ca: authority.ca }))).failure, 'tls')
    assert.equal((JSON.parse(await get(to(test, fair.port, { ca: authority.ca }))) as { protocol: string }).protocol, 'TLSv1.2')
  })

  it('a server that speaks no TLS, and one that never answers the handshake', async (test) => {
    const bird = await canary(test)
    assert.match((await refusalOf(() => to(test, bird.port, { ca: authority.ca }))).failure, /^(?:tls|connect)$/)
    const mute = await listening(test, createTcpServer(), '127.0.0.1')
    assert.equal((await refusalOf(() => to(test, mute.port, { ca: authority.ca }, 'name.example', { times: { connectMs: 50 } }))).failure, 'timeout')
  })
})

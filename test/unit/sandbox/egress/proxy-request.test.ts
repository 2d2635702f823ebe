import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readProxyRequest } from '../../../../src/sandbox/egress/proxy-request.ts'

describe('requests to the proxy', () => {
  it('CONNECT: one spelling of every host', () => {
    const places = ['Example.COM:443', 'example.com.:443', '[::1]:80', '127.1:80', '0x7f000001:80', '2130706433:80', '0177.0.0.1:80', '127.0.0.1.:80', '[::ffff:127.0.0.1]:80', 'a_b.example:1']
    assert.deepEqual(places.map((place) => readProxyRequest(`CONNECT ${place} HTTP/1.1\r\nHost: x`)?.host), [
      'example.com', 'example.com', '::1', '127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1', '::ffff:7f00:1', 'a_b.example'
    ])
  })

  it('an absolute URL: sent on with its own host, and without what is between worker and proxy', () => {
    const read = readProxyRequest('POST http://Api.example:8080/a?b=c HTTP/1.1\r\nHost: other.example\r\nhOST: third.example\r\nProxy-Authorization: Basic eA==\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nUpgrade: h2c\r\nContent-Length: 2\r\nAuthorization: Bearer t')
    assert.deepEqual(read, { host: 'api.example', port: 8080, forward: 'POST /a?b=c HTTP/1.1\r\nHost: Api.example:8080\r\nContent-Length: 2\r\nAuthorization: Bearer t\r\nConnection: close\r\n\r\n' })
    assert.equal(readProxyRequest('GET http://a.example?q HTTP/1.0')?.forward?.split('\r\n')[0], 'GET /?q HTTP/1.0')
    assert.equal(readProxyRequest('GET http://a.example HTTP/1.1')?.port, 80)
  })

  it('anything else is none', () => {
    const heads = [
      'GET / HTTP/1.1', 'GET https://a.example/ HTTP/1.1', 'GET http://user@a.example/ HTTP/1.1', 'GET http://a.example/#x HTTP/1.1', 'GET http:///x HTTP/1.1', 'CONNECT a.example HTTP/1.1',
      'CONNECT a.example:0 HTTP/1.1', 'CONNECT a.example:65536 HTTP/1.1', 'CONNECT a.example:443 HTTP/2', 'CONNECT  a.example:443 HTTP/1.1', 'CONNECT %31.example:443 HTTP/1.1', 'CONNECT a@b:443 HTTP/1.1',
      'CONNECT 256.1.1.1:443 HTTP/1.1', 'CONNECT [::1%25lo]:443 HTTP/1.1', 'CONNECT a.example:443 HTTP/1.1\r\n folded: 1', 'CONNECT a.example:443 HTTP/1.1\r\nName : 1', 'CONNECT a.example:443 HTTP/1.1\r\nA: \x00',
      'CONNECT a.example:443 HTTP/1.1\r\nA: b\nB: c', 'CONNECT a.example:443 HTTP/1.1\nA: b', 'GET file:///etc/passwd HTTP/1.1', 'GET ftp://a.example/ HTTP/1.1', 'OPTIONS * HTTP/1.1', 'PRI * HTTP/2.0', '', '\x16\x03\x01'
    ]
    assert.deepEqual(heads.filter((head) => readProxyRequest(head) !== undefined), [])
  })
})

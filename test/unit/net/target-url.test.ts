import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkTargetUrl } from '../../../src/net/index.ts'

function complaint (url: string, allowPrivateNetwork = false): string | undefined {
  const checked = checkTargetUrl(url, allowPrivateNetwork)
  return checked.ok ? undefined : checked.error
}

describe('URLs of upstream servers', () => {
  it('https to a name or a public address, and with the switch also http to what may be private', () => {
    for (const url of ['https://mcp.example.com/mcp', 'https://mcp.example.com:8443/mcp?a=b', 'https://1.1.1.1/', 'https://[2606:4700:4700::1111]/', 'https://localhost.example.com/', 'https://mylocalhost/']) {
      assert.equal(complaint(url), undefined, url)
      assert.equal(complaint(url, true), undefined, url)
    }
    for (const url of ['http://crm.internal/mcp', 'http://127.0.0.1:3000/mcp', 'http://localhost:3000/mcp', 'https://10.0.0.1/', 'http://[fd00::1]/', 'http://100.64.0.1/']) {
      assert.notEqual(complaint(url), undefined, url)
      assert.equal(complaint(url, true), undefined, url)
    }
  })

  it('says what was expected and names the switch, and repeats nothing of the URL', () => {
    assert.equal(complaint('https://10.0.0.1/sesame'), 'expected a public address, got a loopback or private one; allowPrivateNetwork: true allows it')
    assert.equal(complaint('https://localhost/sesame'), 'expected a public address, got a name of this machine; allowPrivateNetwork: true allows it')
    assert.equal(complaint('http://mcp.example.com/sesame'), 'expected https://; plain http is only for private addresses, with allowPrivateNetwork: true')
    assert.equal(complaint('http://1.1.1.1/sesame', true), 'expected https://, because plain http is only for private addresses')
    assert.equal(complaint('http://169.254.169.254/sesame', true), 'expected an address that a server can have, got a link-local, metadata, multicast, unspecified or reserved one')
    for (const url of ['https://user:sesame@mcp.example.com/', 'https://sesame@mcp.example.com/', 'https://:sesame@mcp.example.com/']) {
      for (const open of [false, true]) assert.equal(complaint(url, open), 'expected no user or password in the URL; put the credential into headers')
    }
    assert.equal(complaint('ftp://mcp.example.com/sesame'), 'expected a URL that begins with https://')
    assert.equal(complaint('sesame'), 'expected a URL such as https://mcp.example.com/mcp')
  })
})

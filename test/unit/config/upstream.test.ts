/* eslint-disable no-template-curly-in-string */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerSettings } from '../../../src/shared/settings/server.ts'
import { createAuthority } from '../net/certificates.ts'
import { faultsOf, folderWith, oneServer, settingsOf } from './load.ts'

type Entry = Readonly<Record<string, unknown>>
const upstream = (entry: Entry = {}) => ({ mcpServers: { crm: { type: 'http', url: 'https://crm.example.com/mcp', ...entry } } })

async function server (entry: Entry, extra: { cwd?: string, env?: Record<string, string> } = {}): Promise<ServerSettings> {
  const found = (await settingsOf(upstream(entry), extra)).servers.get('crm' as never)
  assert.ok(found)
  return found
}

async function faults (entry: Entry, extra: { cwd?: string } = {}): Promise<string[]> {
  return (await faultsOf(upstream(entry), extra)).map(({ key, message }) => `${key.replace('mcpServers.crm.', '')}: ${message}`)
}

describe('upstream servers', () => {
  it('defaults, and every key', async () => {
    const { transport, url, headers, allowPrivateNetwork, era, tls } = await server({})
    assert.deepEqual({ transport, url, headers, allowPrivateNetwork, era, tls }, { transport: 'http', url: 'https://crm.example.com/mcp', headers: {}, allowPrivateNetwork: false, era: 'auto', tls: undefined })
    const full = await server({ url: 'http://10.0.0.1:8000/mcp', allowPrivateNetwork: true, era: 'modern', headers: { 'X-Key': '${K}', Cookie: 'a=b', Authorization: 'Bearer ${K}' } }, { env: { K: 'k1' } })
    assert.deepEqual([full.url, full.allowPrivateNetwork, full.era, full.headers], ['http://10.0.0.1:8000/mcp', true, 'modern', { 'X-Key': 'k1', Cookie: 'a=b', Authorization: 'Bearer k1' }])
    assert.equal((await server({ type: 'sse', era: 'legacy' })).era, 'legacy')
    assert.deepEqual((await settingsOf(upstream({ era: 'legacy', headers: { 'X-A': '1' } }))).warnings, [])
  })

  it('the era of a stdio server', async () => {
    assert.equal((await settingsOf(oneServer({ era: 'modern' }))).servers.get('one' as never)?.era, 'modern')
    assert.deepEqual(await faults({ era: 'new' }), ['era: expected one of "auto", "legacy", "modern", got "new"'])
  })

  it('what changes how the server is reached changes the hash of the entry', async () => {
    const hashes = await Promise.all([{}, { era: 'legacy' }, { allowPrivateNetwork: true }, { headers: { 'X-A': '1' } }, { headers: { 'X-A': '2' } }, { url: 'https://crm.example.com/mcp2' }, { tls: { servername: 'x' } }].map(async (entry) => (await server(entry)).entryHash))
    assert.equal(new Set(hashes).size, hashes.length)
  })

  it('keys that mean nothing to a stdio server are told so', async () => {
    const { warnings, servers } = await settingsOf(oneServer({ type: 'stdio', url: 'https://x/', headers: { Host: 'x' }, allowPrivateNetwork: true, tls: { caFile: 'none.pem' } }))
    assert.deepEqual(warnings, ['url', 'headers', 'allowPrivateNetwork', 'tls'].map((key) => `mcpServers.one.${key}: has no effect: the server is started by its command, not called over HTTP`))
    const one = servers.get('one' as never)
    assert.deepEqual([one?.url, one?.headers, one?.allowPrivateNetwork, one?.tls], [undefined, {}, false, undefined])
  })
})

describe('URLs (T47)', () => {
  it('a private address without the switch is a fault that names key and switch', async () => {
    for (const url of ['http://127.0.0.1:3000/mcp', 'https://127.1/', 'https://0x7f.1/', 'https://2130706433/', 'https://localhost/', 'https://[::ffff:7f00:1]/', 'https://10.0.0.1/', 'https://[fd00::1]/']) {
      const [fault, ...more] = await faults({ url })
      assert.match(fault ?? '', /^url: expected a public address, got .*; allowPrivateNetwork: true allows it$/, url)
      assert.deepEqual(more, [])
      assert.equal((await server({ url, allowPrivateNetwork: true })).url, url)
    }
  })

  it('plain http needs the switch, in both modes', async () => {
    for (const mode of ['development', 'production']) {
      const [fault] = await faultsOf({ ...upstream({ url: 'http://crm.example.com/mcp' }), mode })
      assert.deepEqual([fault?.key, fault?.message], ['mcpServers.crm.url', 'expected https://; plain http is only for private addresses, with allowPrivateNetwork: true'])
    }
    assert.deepEqual(await faults({ url: 'http://1.1.1.1/', allowPrivateNetwork: true }), ['url: expected https://, because plain http is only for private addresses'])
    assert.equal((await server({ url: 'http://crm.internal/mcp', allowPrivateNetwork: true })).allowPrivateNetwork, true)
  })

  it('addresses of metadata services and credentials in the URL are faults in any case', async () => {
    for (const allowPrivateNetwork of [false, true]) {
      assert.match((await faults({ url: 'http://169.254.169.254/latest/', allowPrivateNetwork })).join(), /^url: expected an address that a server can have/)
      assert.deepEqual(await faults({ url: 'https://u:p@crm.example.com/', allowPrivateNetwork }), ['url: expected no user or password in the URL; put the credential into headers'])
    }
  })

  it('nothing of a caller decides where credentials go (T51)', async () => {
    for (const url of ['https://{arg}.example.com/', 'https://crm.example.com/{arg}', 'https://crm.example.com/?q={arguments.host}', 'https://{host}/']) assert.deepEqual(await faults({ url }), ['url: expected no {placeholder}: where credentials go is decided here, not by callers'])
    assert.match((await faults({ url: 'https://{tenant}.example.com/' })).join(), /^url: expected no \{tenant\} or \{user\}: they are replaced in args, env, cwd and sandbox paths only$/)
    for (const value of ['Bearer {arg}', '{session.token}', 'x {_meta} y']) assert.deepEqual(await faults({ headers: { 'X-Key': value } }), ['headers.X-Key: expected no {placeholder}: nothing of a caller goes into headers'])
    assert.deepEqual((await server({ headers: { 'X-Json': '{"a": {"b": 1}}', 'X-Empty': '{}' } })).headers, { 'X-Json': '{"a": {"b": 1}}', 'X-Empty': '{}' })
  })
})

describe('headers (T14)', () => {
  it('those of the connection, of the message and of the protocol are faults', async () => {
    const names = [
      'Connection', 'keep-alive', 'Proxy-Connection', 'Proxy-Authorization', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'HTTP2-Settings', 'Host',
      'HOST', 'Expect', 'Content-Length', 'Content-Type', 'content-encoding', 'Accept', 'Accept-Encoding', 'accept-language', 'Mcp-Session-Id',
      'MCP-Protocol-Version', 'mcp-method', 'Mcp-Name', 'Mcp-Param-Region', 'Last-Event-ID'
    ]
    for (const name of names) assert.deepEqual(await faults({ headers: { [name]: 'x' } }), [`headers.${name}: expected another header: Drawbridge sets this one itself`])
    for (const name of ['X-Api-Key', 'Authorization', 'Cookie', 'User-Agent', 'Acceptable', 'X-Mcp-Key', 'contents']) assert.equal((await server({ headers: { [name]: 'x' } })).headers[name], 'x')
  })

  it('names and values that are none', async () => {
    for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'ä', 'x'.repeat(257)]) assert.match((await faults({ headers: { [name]: 'x' } })).join(), /: expected the name of an HTTP header$/)
    for (const value of ['a\r\nHost: x', 'a\n', '\u0000', 'ä', '“quoted”', 'a\u007f']) assert.deepEqual(await faults({ headers: { 'X-A': value } }), ['headers.X-A: expected a value of visible ASCII characters, without line breaks'])
    assert.deepEqual(await faults({ headers: { 'X-A': '1', 'x-a': '2' } }), ['headers.x-a: expected a header named once; upper and lower case do not count'])
  })
})

describe('certificates', () => {
  const authority = createAuthority({ after })
  const own = authority.issue('gateway', 'DNS:gateway.example')
  const other = authority.issue('other', 'DNS:other.example')

  it('files are read at load, relative to the working directory', async (test) => {
    const cwd = folderWith(test, { 'ca.pem': `# two of them\n${authority.ca}${own.cert}`, 'own.pem': own.cert, 'own.key': own.key })
    const { tls } = await server({ tls: { caFile: './ca.pem', certFile: 'own.pem', keyFile: join(cwd, 'own.key'), servername: 'crm.internal' } }, { cwd })
    assert.deepEqual(tls, { ca: `# two of them\n${authority.ca}${own.cert}`, cert: own.cert, key: own.key, servername: 'crm.internal' })
    const before = (await server({ tls: { caFile: 'ca.pem' } }, { cwd })).entryHash
    writeFileSync(join(cwd, 'ca.pem'), authority.ca)
    assert.notEqual((await server({ tls: { caFile: 'ca.pem' } }, { cwd })).entryHash, before)
  })

  it('each fault names its key', async (test) => {
    const cwd = folderWith(test, { 'empty.pem': '', 'broken.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'own.pem': own.cert, 'own.key': own.key, 'other.key': other.key })
    const cases: [Entry, string[]][] = [
      [{ caFile: 'none.pem' }, ['tls.caFile: the file cannot be read (ENOENT)']],
      [{ caFile: '.' }, ['tls.caFile: the file cannot be read (EISDIR)']],
      [{ caFile: 'empty.pem' }, ['tls.caFile: expected certificates in PEM']],
      [{ caFile: 'broken.pem' }, ['tls.caFile: expected certificates in PEM']],
      [{ caFile: 'own.key' }, ['tls.caFile: expected certificates in PEM']],
      [{ certFile: 'own.pem' }, ["tls.keyFile: expected the file of the certificate's key, because a client certificate needs both, but the key is missing"]],
      [{ keyFile: 'own.key' }, ["tls.certFile: expected the file of the key's certificate, because a client certificate needs both, but the key is missing"]],
      [{ certFile: 'own.pem', keyFile: 'other.key' }, ['tls.keyFile: expected the key of the certificate in certFile, got another one']],
      [{ certFile: 'broken.pem', keyFile: 'own.pem' }, ['tls.certFile: expected certificates in PEM', 'tls.keyFile: expected a private key in PEM, without a passphrase']],
      [{ servername: 'a b' }, ['tls.servername: expected a host name, got something else']],
      [{ insecure: true }, ['tls.insecure: unknown key; expected one of caFile, certFile, keyFile, servername']],
      [{ rejectUnauthorized: false }, ['tls.rejectUnauthorized: unknown key; expected one of caFile, certFile, keyFile, servername']]
    ]
    for (const [tls, expected] of cases) assert.deepEqual(await faults({ tls }, { cwd }), expected)
  })

  it('certificates of a URL without TLS', async () => {
    assert.deepEqual(await faults({ url: 'http://10.0.0.1/', allowPrivateNetwork: true, tls: { servername: 'x' } }), ['tls: expected no tls, because the url begins with http://; write https://'])
  })
})

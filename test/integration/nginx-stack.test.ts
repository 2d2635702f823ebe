/** The edge of the production stack, nginx with its own files, in front of servers that show what arrives (T26, T27, T28, T29, T30). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect as connectH2 } from 'node:http2'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { DEFAULTS } from '../../config/defaults.ts'
import { ERRORS } from '../../src/shared/errors.ts'
import { freePort } from '../helpers/free-port.ts'
import { send, type Exchange } from '../helpers/http-exchange.ts'
import { startStackNginx } from '../helpers/nginx-stack.ts'
import { rawExchange } from '../helpers/raw-exchange.ts'
import { startStackEdge, type StackEdge } from '../helpers/stack-edge.ts'

let edge: StackEdge

before(async () => { edge = await startStackEdge() })
after(async () => { await edge.stop() })

const portOf = (url: string): number => Number(new URL(url).port)

describe('nginx of the stack: its configuration', { timeout: 60_000 }, () => {
  it('is taken without a warning', () => {
    const { ok, said } = edge.nginx.test()
    assert.equal(ok, true, said)
    assert.doesNotMatch(said, /\[(?:warn|error|crit|alert|emerg)\]/)
    assert.doesNotMatch(edge.nginx.log(), /\[(?:warn|error|crit|alert|emerg)\]/)
  })

  it('says refusals in the words of the catalogue', () => {
    const text = readFileSync(new URL('../../nginx/refusals.conf', import.meta.url), 'utf8')
    const blockOf = (head: string): string => text.slice(text.indexOf(head)).split('\n}')[0] ?? ''
    const codes = [...blockOf('map $status $refusal_code').matchAll(/^ {2}(\d{3}|default) (GW_\w+);/gm)]
    const messages = new Map([...blockOf('map $refusal_code $refusal_message').matchAll(/^ {2}(GW_\w+) "(.*)";/gm)].map(([, code, message]) => [code, message]))
    const numbers = new Map([...blockOf('map $refusal_code $refusal_rpc_code').matchAll(/^ {2}(\w+) (-?\d+);/gm)].map(([, code, number]) => [code, Number(number)]))
    assert.equal(codes.length, 13)
    for (const [, status, code = ''] of codes) {
      const row = ERRORS[code as keyof typeof ERRORS]
      assert.equal(messages.get(code), row.message, code)
      assert.equal(numbers.get(code) ?? numbers.get('default'), row.rpcCode, code)
      // A path that is forbidden here is one that nobody is told of.
      if (status !== 'default' && status !== '403') assert.equal(row.status, Number(status), code)
    }
  })

  it('keeps its limits in step with the gateway', () => {
    const read = (name: string): string => readFileSync(new URL(`../../nginx/${name}`, import.meta.url), 'utf8')
    const mebibytes = Number(/client_max_body_size (\d+)m;/.exec(read('limits.conf'))?.[1])
    assert.equal(mebibytes * 1024 * 1024, DEFAULTS.maxBodyBytes)
    const readTimeoutS = Number(/proxy_read_timeout (\d+)s;/.exec(read('proxy.conf'))?.[1])
    assert.ok(readTimeoutS * 1000 > DEFAULTS.maxTimeoutMs)
    assert.ok(Number(/worker_shutdown_timeout (\d+)s;/.exec(read('nginx.conf'))?.[1]) > readTimeoutS)
  })
})

describe('nginx of the stack: TLS', { timeout: 60_000 }, () => {
  it('agrees on 1.2 and 1.3, with forward secrecy, and on nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const agreed = await rawExchange({ port: portOf(edge.nginx.url), ca: edge.nginx.ca, minVersion: version, maxVersion: version })
      assert.equal(agreed.version, version)
      assert.match(agreed.cipher, /^(?:ECDHE-ECDSA-(?:AES\d+-GCM|CHACHA20)|TLS_)/)
    }
    await assert.rejects(rawExchange({ port: portOf(edge.nginx.url), ca: edge.nginx.ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  })

  it('sends plain HTTP there, to the host of PUBLIC_URL, and serves challenges of a certificate authority', async () => {
    const moved = await send(`${edge.nginx.plainUrl}/mcp?a=1`, { headers: { host: 'localhost' } })
    assert.deepEqual([moved.status, moved.headers.location], [308, `${edge.nginx.url}/mcp?a=1`])
    assert.equal(moved.headers['strict-transport-security'], undefined)
    assert.equal((await send(`${edge.nginx.plainUrl}/`, { headers: { host: 'evil.example' } })).status, 421)
    const folder = join(edge.nginx.dir, 'instance', 'acme', '.well-known', 'acme-challenge')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'token'), 'token.thumbprint')
    const challenge = await send(`${edge.nginx.plainUrl}/.well-known/acme-challenge/token`)
    assert.deepEqual([challenge.status, challenge.body()], [200, 'token.thumbprint'])
    assert.equal((await send(`${edge.nginx.plainUrl}/.well-known/acme-challenge/../../upstreams.conf`)).status, 308)
    const absent = await send(`${edge.nginx.plainUrl}/.well-known/acme-challenge/absent`)
    assert.deepEqual([absent.status, JSON.parse(absent.body()).error.code], [404, 'GW_HTTP_NOT_FOUND'])
    assert.equal(absent.headers['strict-transport-security'], undefined)
  })

  it('serves HTTP/2, headers and body', async () => {
    const session = connectH2(edge.nginx.url, { ca: edge.nginx.ca })
    const stream = session.request({ ':method': 'POST', ':path': '/h2', 'content-type': 'application/json', 'x-user-id': 'eve' })
    stream.end('{"h2":true}')
    const [headers] = await once(stream, 'response') as [Record<string, string>]
    stream.resume()
    await once(stream, 'end')
    session.close()
    assert.equal(headers[':status'], 200)
    const { body, headers: sent } = edge.arrivedAt('/h2')
    assert.equal(body, '{"h2":true}')
    assert.deepEqual(sent.filter(([name]) => name === 'host' || name === 'x-user-id'), [['host', new URL(edge.nginx.url).host]])
    assert.equal((await edge.logged('/h2'))[0]?.['protocol'], 'HTTP/2.0')
  })

  it('sends each security header once, its own where there is none', async () => {
    for (const path of ['/once', '/metrics']) {
      const said = await edge.raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      for (const name of ['strict-transport-security', 'x-content-type-options', 'referrer-policy', 'x-request-id']) {
        assert.equal(said.toLowerCase().split(`\r\n${name}:`).length - 1, 1, `${name} of ${path}: ${said}`)
      }
      assert.doesNotMatch(said, /nginx\/\d/)
    }
  })
})

describe('nginx of the stack: what arrives at a replica', { timeout: 60_000 }, () => {
  it('nothing of what callers say about who and where they are, and the credential (T26)', async () => {
    const hostile = ['X-User-ID', 'X-Tenant-ID', 'X-Real-IP', 'Forwarded', 'X-Forwarded-Host', 'X-Forwarded-User', 'X-Forwarded-Prefix', 'X-Original-URL', 'mcp-init-host',
      'X-Drawbridge-Hop', 'X-Drawbridge-Hop-Not-Done', 'X-Drawbridge-Client-Address', 'X-Drawbridge-Replica', 'X-Webauth-User', 'Proxy', 'Cookie', 'X_User_ID', 'X_Forwarded_For', '__proto__']
    const headers = Object.fromEntries(hostile.map((name) => [name, 'eve-was-here']))
    await edge.ask('/stripped', { headers: { ...headers, 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'gopher', authorization: 'Bearer db_a_b', 'mcp-session-id': 'b1-x', 'x-api-key': 'k' } })
    const { headers: arrived } = edge.arrivedAt('/stripped')
    assert.deepEqual(arrived.filter(([, value]) => /eve-was-here|203\.0|gopher/.test(value)), [])
    const of = (name: string): string[] => arrived.filter(([header]) => header === name).map(([, value]) => value)
    assert.deepEqual([of('x-forwarded-for'), of('x-forwarded-proto'), of('authorization'), of('x-api-key')], [['127.0.0.1'], ['https'], ['Bearer db_a_b'], ['k']])
    assert.deepEqual(of('host'), [new URL(edge.nginx.url).host])
  })

  it('no header by which replicas and processes talk to each other', () => {
    const project = new URL('../../', import.meta.url)
    const sources = ['plugins/edge/client-address.ts', 'plugins/replicas/hop-headers.ts', 'plugins/external/helmet.ts'].map((file) => readFileSync(new URL(file, project), 'utf8')).join('')
    const names = new Set(sources.match(/(?<=')x-drawbridge-[a-z-]+(?=')/g))
    const stripped = new Set([...readFileSync(new URL('nginx/client-headers.conf', project), 'utf8').matchAll(/^proxy_set_header (\S+) "";/gm)].map(([, name = '']) => name.toLowerCase()))
    assert.ok(names.size >= 4)
    assert.deepEqual([...names].filter((name) => !stripped.has(name)), [])
  })

  it('one replica for one credential, and the replica that a session id or an SSE query names', async () => {
    const whoServes = async (path: string, headers: Record<string, string>): Promise<string> => String((await edge.ask(path, { headers })).headers['x-drawbridge-replica'])
    for (let user = 0; user < 4; user++) {
      const authorization = `Bearer db_u${user}_secret`
      const home = await whoServes('/a', { authorization })
      for (let turn = 0; turn < 3; turn++) assert.equal(await whoServes('/a', { authorization }), home)
      for (const name of ['b1', 'b2']) {
        assert.equal(await whoServes('/b', { authorization, 'mcp-session-id': `${name}-0123` }), name)
        assert.equal(await whoServes(`/messages/?session_id=${name}-0123`, { authorization }), name)
      }
      assert.equal(await whoServes('/c', { authorization, 'mcp-session-id': 'g1-0123' }), home)
    }
  })
})

describe('nginx of the stack: refusals of its own', { timeout: 60_000 }, () => {
  it('413 over the cap, as JSON, readable by whoever sent it', async () => {
    const large = 'x'.repeat(4 * 1024 * 1024 + 1)
    const [mcp, other] = [await edge.ask('/servers/a/mcp', { body: large }), await edge.ask('/mcp/tools', { body: large })]
    assert.deepEqual([mcp.status, JSON.parse(mcp.body())], [413, { jsonrpc: '2.0', id: null, error: { code: -32600, message: ERRORS.GW_HTTP_BODY_TOO_LARGE.message } }])
    const { error } = JSON.parse(other.body())
    assert.deepEqual([other.status, error.code, error.request_id], [413, 'GW_HTTP_BODY_TOO_LARGE', other.headers['x-request-id']])
    assert.equal(other.headers['content-type'], 'application/json; charset=utf-8')
    assert.equal((await edge.ask('/mcp', { body: 'x'.repeat(4 * 1024 * 1024) })).status, 200)
  })

  it('400 for what is malformed or twice (T27, T28)', async () => {
    const malformed = ['Authorization: Bearer a\r\nAuthorization: Bearer b', 'Host: localhost', 'Content-Length: 1\r\nTransfer-Encoding: chunked', 'Content-Length: 1\r\nContent-Length: 2', 'Transfer-Encoding: xchunked', 'Content-Length: +5']
    for (const lines of malformed) {
      const said = await edge.raw(`POST /two HTTP/1.1\r\nHost: localhost\r\n${lines}\r\nConnection: close\r\n\r\n`)
      assert.match(said, /^HTTP\/1\.1 400 /, lines)
      assert.match(said, /"code":"GW_HTTP_BAD_REQUEST"/, said)
    }
    assert.match(await edge.raw('what is this\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*GW_HTTP_BAD_REQUEST/)
    assert.match(await edge.raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 [\s\S]*GW_HTTP_HEADERS_TOO_LARGE/)
    assert.match(await edge.raw(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`), /^HTTP\/1\.1 431 [\s\S]*GW_HTTP_HEADERS_TOO_LARGE/)
    assert.deepEqual([...edge.b1.arrived, ...edge.b2.arrived].filter(({ url }) => url === '/two'), [])
  })

  it('421 for hosts that are not served, 404 for paths of the operator, Grafana for nobody whom site.conf does not name', async () => {
    const misdirected = await edge.ask('/mcp', { headers: { host: 'evil.example' } })
    assert.deepEqual([misdirected.status, JSON.parse(misdirected.body()).error.code], [421, ERRORS.GW_HTTP_HOST.rpcCode])
    for (const path of ['/metrics', '/admin', '/admin/servers', '/admin/tokens', '//metrics', '/%6detrics', '/x/../admin/', '/.refusal']) {
      const { said } = await rawExchange({ port: portOf(edge.nginx.url), ca: edge.nginx.ca, text: `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n` })
      assert.match(said, /^HTTP\/1\.1 404 [\s\S]*GW_HTTP_NOT_FOUND/, path)
    }
    // Allowed addresses get as far as Docker's name server, which is not here.
    assert.equal((await edge.ask('/grafana/')).status, 502)
    const site = join(edge.nginx.dir, 'instance', 'site.conf')
    const text = readFileSync(site, 'utf8')
    writeFileSync(site, text.replace('  127.0.0.1 1;\n', ''))
    await edge.nginx.reloadAll()
    const hidden = await edge.ask('/grafana/login')
    assert.deepEqual([hidden.status, JSON.parse(hidden.body()).error.code], [404, 'GW_HTTP_NOT_FOUND'])
    writeFileSync(site, text)
    await edge.nginx.reloadAll()
  })

  it('shows the blackbox exporter /ready and nothing else; shows its own figures', async () => {
    const asNginx = async (path: string): Promise<Exchange> => await send(edge.nginx.url + path, { agent: new Agent({ ca: edge.nginx.ca }), headers: { host: 'nginx:8443' } })
    assert.equal((await asNginx('/ready')).status, 200)
    assert.deepEqual(edge.arrivedAt('/ready').headers.filter(([name]) => name === 'host'), [['host', new URL(edge.nginx.url).host]])
    assert.equal((await asNginx('/mcp')).status, 404)
    const figures = await send(`${edge.nginx.watchUrl}/stub_status`)
    assert.match(figures.body(), /Active connections: \d+/)
    assert.equal((await edge.ask('/stub_status')).status, 200)
    assert.equal(edge.arrivedAt('/stub_status').url, '/stub_status')
  })

  it('502 in less than a second when no replica is there; the next one when one is not', async (t) => {
    const gone = { name: 'b1', port: await freePort() }
    const half = await startStackNginx({ targets: [gone, edge.b2] })
    t.after(async () => { await half.stop() })
    for (let user = 0; user < 8; user++) {
      const answer = await send(`${half.url}/half`, { agent: half.agent, headers: { authorization: `Bearer ${user}`, 'mcp-session-id': 'b1-x' }, body: '{}' })
      assert.deepEqual([answer.status, answer.headers['x-drawbridge-replica']], [200, 'b2'])
    }
    half.serve([gone])
    await half.reloadAll()
    const refused = await send(`${half.url}/servers/a/mcp`, { agent: half.agent, body: '{}' })
    assert.deepEqual([refused.status, JSON.parse(refused.body()).error.code], [502, ERRORS.GW_UPSTREAM_LOST.rpcCode])
  })
})

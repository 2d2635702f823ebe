import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OutboundError } from '../../../src/net/index.ts'
import { freePort } from '../../helpers/free-port.ts'
import { escapes } from './fence.ts'
import { ask, canary, get, httpServer, outboundTo, refusalOf, resolver, seen } from './servers.ts'

/** Every way to write an address of this machine or its network that a URL parser or a C library has ever taken (T47). */
const LOCAL_HOSTS = [
  '127.0.0.1', '127.1', '127.0.1', '0x7f.1', '0x7f.0x0.0x0.0x1', '0x7f000001', '2130706433', '0177.0.0.1', '017700000001', '127.0.0.1.',
  '127.255.255.254', '%31%32%37.0.0.1', '127%2e0%2e0%2e1', '①②⑦.⓪.⓪.①', '127。0。0。1', 'localhost', 'LOCALHOST', 'localhost.',
  'a.localhost', '%6cocalhost', '0', '0.0.0.0', '00', '10.1', '192.168.1.1', '172.16.0.1', '100.64.0.1', '169.254.169.254', '0xa9fea9fe',
  '2852039166', '0251.0376.0251.0376', '255.255.255.255', '224.0.0.1', '198.18.0.1', '203.0.113.1', '[::1]', '[::]', '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::FFFF:7F00:1]', '[::127.0.0.1]', '[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]',
  '[64:ff9b::127.0.0.1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[fe80::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]'
]
/** Refused with the switch, too. */
const NEVER = [
  '169.254.169.254', '0xa9fea9fe', '2852039166', '[::ffff:169.254.169.254]', '[64:ff9b::a9fe:a9fe]', '[2002:a9fe:a9fe::]', '[fe80::1]',
  '0.0.0.0', '0', '[::]', '255.255.255.255', '224.0.0.1', '[ff02::1]', '100.100.100.200', '[fd00:ec2::254]', '[64:ff9b:1::7f00:1]'
]
const ODD_URLS = ['http://u:p@127.0.0.1', 'http://example.com@127.0.0.1', 'https://example.com:443@127.0.0.1', 'https:127.0.0.1', 'https:/\\127.0.0.1', 'https://127\t.0.0.1', 'https://127.0.0.1\\@example.com']
const NO_URLS = ['', 'x', '//127.0.0.1', 'file:///etc/passwd', 'ftp://127.0.0.1', 'unix:/run/docker.sock', 'data:text/plain,x', 'https://', 'https://256.1.1.1', 'https://[fe80::1%25eth0]/', 'https://a b/']

describe('addresses that are refused (T47)', () => {
  it('every spelling of a local address, in http and https, without a connection and with one text', async (test) => {
    const bird = await canary(test, { port: await freePort() })
    const birdSix = await canary(test, { host: '::1', port: bird.port })
    const messages = new Set<string>()
    for (const host of LOCAL_HOSTS) {
      for (const scheme of ['http', 'https']) {
        const error = await refusalOf(() => outboundTo(test, `${scheme}://${host}:${bird.port}/mcp`))
        assert.equal(error.failure, 'url', host)
        messages.add(error.message)
      }
    }
    for (const url of [...ODD_URLS.map((odd) => odd.replace(/(127\t?\.0\.0\.1)/, `$1:${bird.port}`)), ...NO_URLS]) messages.add((await refusalOf(() => outboundTo(test, url))).message)
    assert.deepEqual([...messages], ['The upstream server cannot be reached.'])
    assert.deepEqual([bird.connections(), birdSix.connections(), escapes], [0, 0, []])
  })

  it('the switch opens private addresses, and nothing that no server can be at', async (test) => {
    const bird = await canary(test)
    for (const host of NEVER) {
      assert.equal((await refusalOf(() => outboundTo(test, `http://${host}:${bird.port}/`, { allowPrivateNetwork: true }))).failure, 'url', host)
      assert.equal((await refusalOf(() => outboundTo(test, `http://name.example:${bird.port}/`, { allowPrivateNetwork: true, resolve: resolver([new URL(`http://${host}`).hostname.replace(/[[\]]/g, '')]) }))).failure, 'address', host)
    }
    assert.deepEqual([bird.connections(), escapes], [0, []])
  })

  it('plain http goes to private addresses only', async (test) => {
    assert.equal((await refusalOf(() => outboundTo(test, 'http://1.1.1.1/', { allowPrivateNetwork: true }))).failure, 'url')
    assert.equal((await refusalOf(() => outboundTo(test, 'http://name.example/'))).failure, 'url')
    assert.equal((await refusalOf(() => outboundTo(test, 'http://name.example/', { allowPrivateNetwork: true, resolve: resolver(['1.1.1.1']) }))).failure, 'address')
    assert.equal((await refusalOf(() => outboundTo(test, 'http://name.example/', { allowPrivateNetwork: true, resolve: resolver(['127.0.0.1', '1.1.1.1']) }))).failure, 'address')
    assert.deepEqual(escapes, [])
  })

  it('a name with one private address among public ones', async (test) => {
    const bird = await canary(test)
    for (const answer of [['127.0.0.1'], ['1.1.1.1', '127.0.0.1'], ['127.0.0.1', '1.1.1.1'], ['2606:4700:4700::1111', '::1'], ['1.1.1.1', '::ffff:127.0.0.1'], ['1.1.1.1', '10.0.0.1', '2606:4700:4700::1111'], ['not an address']]) {
      const resolve = resolver(answer)
      const error = await refusalOf(() => outboundTo(test, `https://name.example:${bird.port}/`, { resolve }))
      assert.equal(error.failure, 'address', answer.join())
      assert.equal(error.message, 'The upstream server cannot be reached.')
      assert.match(error.reason, /^name\.example resolved to /)
      assert.deepEqual(resolve.asked, ['name.example'])
    }
    assert.deepEqual([bird.connections(), escapes], [0, []])
  })
})

describe('rebinding (T47)', () => {
  it('the socket is given the checked address and no other, and the name is not resolved a second time', async (test) => {
    const bird = await canary(test)
    const resolve = resolver(['1.1.1.1'], ['127.0.0.1'])
    const outbound = outboundTo(test, `https://name.example:${bird.port}/`, { resolve })
    const before = escapes.length
    // The fence lets nothing out, but notes where the socket was about to go.
    assert.equal((await refusalOf(() => get(outbound))).failure, 'connect')
    assert.deepEqual([escapes.slice(before), resolve.asked.length], [['1.1.1.1'], 1])
    assert.equal((await refusalOf(() => get(outbound))).failure, 'address')
    assert.deepEqual([escapes.length - before, resolve.asked.length, bird.connections()], [1, 2, 0])
  })

  it('a name that turns between check and connection still leads to the checked address', async (test) => {
    const server = await httpServer(test, (request, response) => response.end(seen(request)), { host: '127.0.0.2', port: await freePort() })
    const bird = await canary(test, { host: '127.0.0.1', port: server.port })
    const resolve = resolver(['127.0.0.2'], ['127.0.0.1'])
    const outbound = outboundTo(test, `http://name.example:${server.port}/mcp?a=1`, { allowPrivateNetwork: true, resolve, maxConnections: 1 })
    assert.equal(await get(outbound), `GET /mcp?a=1 name.example:${server.port}`)
    assert.equal(await get(outbound), `GET /mcp?a=1 name.example:${server.port}`)
    assert.deepEqual([resolve.asked.length, server.connections(), bird.connections()], [1, 1, 0])
  })
})

describe('addresses that are allowed', () => {
  it('loopback by address and by name, IPv4 and IPv6, with the switch', async (test) => {
    const server = await httpServer(test, (request, response) => response.end(seen(request)))
    const six = await httpServer(test, (request, response) => response.end(seen(request)), { host: '::1' })
    const allowPrivateNetwork = true
    assert.equal(await get(outboundTo(test, `http://127.1:${server.port}/mcp`, { allowPrivateNetwork })), `GET /mcp 127.0.0.1:${server.port}`)
    assert.equal(await get(outboundTo(test, `http://[::ffff:7f00:1]:${server.port}/`, { allowPrivateNetwork })), `GET / [::ffff:7f00:1]:${server.port}`)
    assert.equal(await get(outboundTo(test, `http://[::1]:${six.port}/?q`, { allowPrivateNetwork })), `GET /?q [::1]:${six.port}`)
    assert.equal(await get(outboundTo(test, `http://localhost.:${server.port}/`, { allowPrivateNetwork, resolve: resolver(['127.0.0.1']) })), `GET / localhost.:${server.port}`)
    assert.equal(await get(outboundTo(test, `http://localhost:${server.port}/`, { allowPrivateNetwork })), `GET / localhost:${server.port}`)
  })

  it('the next address is tried when the first does not answer', async (test) => {
    const server = await httpServer(test, (_request, response) => response.end('second'), { host: '127.0.0.2', port: await freePort() })
    assert.equal(await get(outboundTo(test, `http://name.example:${server.port}/`, { allowPrivateNetwork: true, resolve: resolver(['127.0.0.1', '127.0.0.2']) })), 'second')
  })
})

describe('redirects and other origins', () => {
  it('a Location is never fetched, whatever it names', async (test) => {
    const bird = await canary(test)
    for (const location of [`http://127.0.0.1:${bird.port}/`, 'http://169.254.169.254/latest/meta-data/', `//127.0.0.1:${bird.port}/`]) {
      for (const status of [301, 302, 303, 307, 308]) {
        const server = await httpServer(test, (_request, response) => response.writeHead(status, { location }).end('moved'))
        const outbound = outboundTo(test, `http://127.0.0.1:${server.port}/`, { allowPrivateNetwork: true })
        const answer = ask(outbound, outbound.head('POST', []), '{}')
        assert.deepEqual([(await answer.head).status, await answer.text], [status, 'moved'])
      }
    }
    assert.equal(bird.connections(), 0)
  })

  it('a path may name no other origin', async (test) => {
    const bird = await canary(test)
    const server = await httpServer(test, (request, response) => response.end(seen(request)))
    const outbound = outboundTo(test, `http://127.0.0.1:${server.port}/mcp`, { allowPrivateNetwork: true })
    const elsewhere = `127.0.0.1:${bird.port}`
    assert.throws(() => outbound.head('GET', [], `http://${elsewhere}/a`), TypeError)
    for (const path of ['/a', `//${elsewhere}/a`, `/@${elsewhere}/`]) assert.equal(await ask(outbound, outbound.head('GET', [], path)).text, `GET ${path} 127.0.0.1:${server.port}`)
    assert.equal(bird.connections(), 0)
  })

  it('errors say the same to everybody, and the reason to the log', () => {
    const error = new OutboundError('address', 'name.example resolved to 10.0.0.1')
    assert.deepEqual([error.message, error.code, error.failure, error.reason], ['The upstream server cannot be reached.', 'OUTBOUND_UNREACHABLE', 'address', 'name.example resolved to 10.0.0.1'])
  })
})

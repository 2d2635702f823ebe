/** Whose a port is, as `doctor` tells it: free, the running gateway's, somebody else's. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { checkPort, type WantedPort } from '../../src/cli/doctor/ports.ts'
import { freePort } from '../helpers/free-port.ts'
import { startGateway } from '../helpers/gateway.ts'
import { startRedis } from '../helpers/redis.ts'
import { folderWith, run } from '../unit/cli/io.ts'

const wanted = (port: number, own: Partial<WantedPort> = {}): WantedPort => ({ name: 'port', key: 'listen.port', host: '127.0.0.1', port, listener: 'public', ...own })
const MANAGEMENT = { name: 'management port', key: 'management.port', listener: 'management' } as const

/** A program that is no gateway. @param greet what it does with each connection; default: accepts it and says nothing, ever */
async function foreign (t: TestContext, greet: (socket: Socket) => void = () => {}): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    greet(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

const says = (body: string) => (socket: Socket): void => { socket.once('data', () => { socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`) }) }

/** What `doctor` says of the two ports of a configuration. */
async function doctor (t: TestContext, config: object, env: Readonly<Record<string, string>> = {}): Promise<{ code: number, port: Finding | undefined, management: Finding | undefined, replica: Finding | undefined }> {
  const cwd = folderWith(t, { 'a.json': JSON.stringify({ mcpServers: {}, ...config }) })
  const { code, stdout } = await run(['doctor', '--config', 'a.json', '--json'], { cwd, env: { PATH: cwd, ...env } })
  const { findings } = JSON.parse(stdout) as { findings: Finding[] }
  return { code, port: findings.find(({ name }) => name === 'port'), management: findings.find(({ name }) => name === 'management port'), replica: findings.find(({ name }) => name === 'replica port') }
}

const portOf = (url: string): number => Number(new URL(url).port)

describe('drawbridge doctor beside a gateway that runs', () => {
  for (const env of [{}, { DRAWBRIDGE_MANAGEMENT_TOKEN: 'management-token-of-this-test-0123456789' }]) {
    it(`its ports are its own, ${Object.keys(env).length === 0 ? 'without' : 'with'} a management token`, async (t) => {
      const gateway = await startGateway({ config: { mcpServers: {} }, env })
      t.after(() => gateway.stop())
      const [port, managementPort] = [portOf(gateway.url), portOf(gateway.managementUrl)]
      const { code, ...findings } = await doctor(t, { listen: { port }, management: { port: managementPort } }, env)
      assert.deepEqual([findings.port?.status, findings.management], ['ok', { name: 'management port', status: 'ok', required: true, found: `127.0.0.1:${managementPort} is in use by the management listener of a gateway` }])
      assert.match(findings.port?.found ?? '', new RegExp(`^127\\.0\\.0\\.1:${port} is in use by a gateway that serves 127\\.0\\.0\\.1 \\(\\d+\\.\\d+\\.\\d+\\S*, (?:healthy|degraded)\\)$`))
      assert.equal(code, 0)
    })
  }

  it('a gateway that serves other host names is another one\'s; the wrong listener of one is not its port', async (t) => {
    const gateway = await startGateway({ config: { mcpServers: {}, http: { allowedHosts: ['mcp.example.com'] } } })
    t.after(() => gateway.stop())
    const [port, managementPort] = [portOf(gateway.url), portOf(gateway.managementUrl)]
    const beside = await doctor(t, { listen: { port }, management: { port: 0 } })
    assert.equal(beside.code, 1)
    assert.deepEqual(beside.port, {
      name: 'port',
      status: 'missing',
      required: true,
      found: `127.0.0.1:${port} (listen.port) is taken by a gateway of another configuration, which serves other host names`,
      fix: 'stop that program (ss -ltnp shows it), or choose another listen.port, or restart it if it is yours and http.allowedHosts has changed since it started'
    })
    assert.equal((await checkPort(wanted(port), 'mcp.example.com')).status, 'ok')
    const swapped = await doctor(t, { listen: { port: managementPort }, management: { port }, http: { allowedHosts: ['mcp.example.com'] } })
    assert.equal(swapped.code, 1)
    assert.equal(swapped.port?.found, `127.0.0.1:${managementPort} (listen.port) is taken by the management listener of a gateway`)
    assert.equal(swapped.management?.found, `127.0.0.1:${port} (management.port) is taken by the public listener of a gateway`)
  })
})

describe('drawbridge doctor and the port for other replicas', () => {
  it('free, its own gateway\'s, the wrong listener\'s, another program\'s; without Redis there is none', async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    const env = { DRAWBRIDGE_SECRET: 'secret-of-the-replicas-of-this-test-0123456789' }
    const listen = { host: '127.0.0.1', port: await freePort() }
    const shared = { redis: { url: redis.url }, replica: { name: 'one', listen } }
    const look = async (port: number): Promise<Finding | undefined> => (await doctor(t, { ...shared, replica: { ...shared.replica, listen: { ...listen, port } }, listen: { port: 0 }, management: { port: 0 } }, env)).replica
    assert.deepEqual(await look(listen.port), { name: 'replica port', status: 'ok', required: true, found: `127.0.0.1:${listen.port} is free` })

    const gateway = await startGateway({ config: { mcpServers: {}, ...shared }, env })
    t.after(() => gateway.stop())
    assert.deepEqual(await look(listen.port), { name: 'replica port', status: 'ok', required: true, found: `127.0.0.1:${listen.port} is in use by what answers like a gateway's listener for other replicas` })
    const publicPort = portOf(gateway.url)
    assert.equal((await look(publicPort))?.found, `127.0.0.1:${publicPort} (replica.listen.port) is taken by the public listener of a gateway`)
    assert.equal((await checkPort(wanted(listen.port), '127.0.0.1')).status, 'missing', 'it is no public listener')

    const foreignPort = await foreign(t, (socket) => { socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno') })
    assert.deepEqual(await look(foreignPort), {
      name: 'replica port',
      status: 'missing',
      required: true,
      found: `127.0.0.1:${foreignPort} (replica.listen.port) is taken by another program`,
      fix: 'stop that program (ss -ltnp shows it), or choose another replica.listen.port'
    })
    assert.equal((await doctor(t, { listen: { port: 0 }, management: { port: 0 } })).replica, undefined)
  })
})

describe('drawbridge doctor beside another program', () => {
  it('the port and the key are named, and it exits 1', async (t) => {
    const [port, managementPort] = [await foreign(t, (socket) => socket.end()), await foreign(t, says('{"status":"ok"}'))]
    const { code, ...findings } = await doctor(t, { listen: { port }, management: { port: managementPort } })
    assert.equal(code, 1)
    assert.deepEqual(findings.port, { name: 'port', status: 'missing', required: true, found: `127.0.0.1:${port} (listen.port) is taken by another program`, fix: 'stop that program (ss -ltnp shows it), or choose another listen.port' })
    assert.equal(findings.management?.found, `127.0.0.1:${managementPort} (management.port) is taken by another program`)
  })

  it('one that says nothing, too much, or what no gateway says', async (t) => {
    const floods = (socket: Socket): void => {
      const more = (): void => { while (socket.write('x'.repeat(65_536))); }
      socket.on('drain', more)
      more()
    }
    const programs = [() => {}, floods, says('{"status":"healthy","version":"1","checks":{}}'), says('{"error":{"code":"GW_AUTH_REQUIRED"}}'), says('no JSON'), says('null')]
    for (const listener of ['public', 'management'] as const) {
      const found = await Promise.all(programs.map(async (greet) => (await checkPort(wanted(await foreign(t, greet), { listener }), 'localhost')).status))
      assert.deepEqual(new Set(found), new Set(['missing']), listener)
    }
  })

  it('what it writes does not reach the terminal as it is', async (t) => {
    const port = await foreign(t, says(JSON.stringify({ status: '\u001b[2J', version: 'x'.repeat(100), checks: { lifecycle: {} } })))
    const { found } = await checkPort(wanted(port), 'localhost')
    assert.equal(found, `127.0.0.1:${port} is in use by a gateway that serves localhost (${'x'.repeat(40)}, ??2J)`)
  })

  it('a free port, an address that is not this machine\'s, and a wildcard', async (t) => {
    assert.equal((await checkPort(wanted(0), 'localhost')).status, 'ok')
    const elsewhere = await checkPort(wanted(0, { host: '192.0.2.1', ...MANAGEMENT }), 'localhost')
    assert.deepEqual([elsewhere.found, elsewhere.fix], ['192.0.2.1:0 (management.port) cannot be listened on (EADDRNOTAVAIL)', 'choose another host or port for management'])
    const port = await foreign(t, says('{}'))
    assert.equal((await checkPort(wanted(port, { host: '0.0.0.0' }), 'localhost')).found, `0.0.0.0:${port} (listen.port) is taken by another program`)
  })
})

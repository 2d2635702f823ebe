/** Where an entry may lead and how much its server may send, from the configuration to the wire (T47, T48). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { startGateway } from '../../helpers/gateway.ts'
import { send, type Exchange } from '../../helpers/http-exchange.ts'
import { responseOf, textOf } from '../../helpers/legacy-wire.ts'
import { createModernWire } from '../../helpers/modern-wire.ts'
import { residentBytes } from '../../helpers/processes.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { until } from '../../helpers/until.ts'
import { entryOf, faultsOf, fullLegacyServer, fullModernServer, result, stream, textResult, type Received } from '../upstream-parts.ts'

const MB = 2 ** 20
const MANAGEMENT_TOKEN = 'management-token-of-the-test-0123456789'
const launcher = fileURLToPath(new URL('../../../bin/drawbridge.mjs', import.meta.url))

/** Counts connections; whoever comes is turned away. */
async function canary (t: TestContext, host: string): Promise<{ readonly port: number, hits (): number }> {
  let hits = 0
  const server = createServer((socket) => {
    hits++
    socket.destroy()
  })
  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(0, host, resolve) })
  t.after(() => { server.close() })
  return { port: (server.address() as AddressInfo).port, hits: () => hits }
}

/** Runs the program to its end. */
async function run (args: readonly string[]): Promise<{ code: number | null, output: string }> {
  const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 })
  let output = ''
  for (const out of [child.stdout, child.stderr]) out.setEncoding('utf8').on('data', (text: string) => { output += text })
  return await new Promise((resolve) => { child.on('close', (code) => resolve({ code, output })) })
}

describe('where an entry may lead (T47)', () => {
  it('without the switch no spelling of an inside address is taken, with it none of a link-local one; the gateway does not start, and nobody is called', async (t) => {
    const { port, hits } = await canary(t, '127.0.0.1')
    const inside = ['127.0.0.1', '127.1', '0x7f.1', '2130706433', '017700000001', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', 'localhost', 'a.localhost', 'LOCALHOST.', '10.0.0.1', '[fd00::1]', '0.0.0.0', '[::]', '[64:ff9b::7f00:1]']
    const never = ['169.254.169.254', '[::ffff:169.254.169.254]', '2852039166', '0xa9fea9fe', '[fe80::1]', '0.0.0.0', '[fd00:ec2::254]', '100.100.100.200', '224.0.0.1']
    const urls = [
      ...inside.flatMap((host) => [{ url: `https://${host}:${port}/mcp` }, { url: `http://${host}:${port}/mcp` }]),
      ...never.flatMap((host) => [{ url: `http://${host}:${port}/mcp`, allowPrivateNetwork: true }, { url: `https://${host}:${port}/mcp`, allowPrivateNetwork: true }]),
      { url: 'http://mcp.example/mcp' }, { url: `https://user:password@127.0.0.1:${port}/mcp`, allowPrivateNetwork: true }, { url: 'file:///etc/passwd', allowPrivateNetwork: true }, { url: `gopher://127.0.0.1:${port}/`, allowPrivateNetwork: true }
    ]
    const dir = await mkdtemp(join(tmpdir(), 'drawbridge-test-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const path = join(dir, 'gateway.json')
    const mcpServers = Object.fromEntries(urls.flatMap((entry, at) => [[`h${at}`, { type: 'http', ...entry }], [`s${at}`, { type: 'sse', ...entry }]]))
    await writeFile(path, JSON.stringify({ mcpServers }))
    const [checked, served] = await Promise.all([run(['check', '--config', path]), run(['serve', '--config', path, '--port', '0'])])
    assert.notEqual(checked.code, 0)
    for (const name of Object.keys(mcpServers)) assert.match(checked.output, new RegExp(`mcpServers\\.${name}\\.url`), JSON.stringify(mcpServers[name]))
    assert.notEqual(served.code, 0)
    assert.doesNotMatch(served.output, /"listening"/)
    assert.doesNotMatch(checked.output + served.output, /password@/)
    assert.equal(hits(), 0)
  })

  it('a name that leads inside is refused when it is resolved: one text for every reason, and nobody is called', async (t) => {
    const [four, six] = await Promise.all([canary(t, '127.0.0.1'), canary(t, '::1')])
    const answers = {
      'loopback.test': ['127.0.0.1'],
      'mapped.test': ['::ffff:127.0.0.1'],
      'six.test': ['::1'],
      'zero.test': ['0.0.0.0'],
      'none.test': [],
      // With the switch: one address that may be, and one that never may.
      'mixed.test': ['127.0.0.1', '169.254.169.254'],
      'metadata.test': ['169.254.169.254'],
      'mapped-metadata.test': ['::ffff:169.254.169.254']
    }
    const dir = await mkdtemp(join(tmpdir(), 'drawbridge-test-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const resolver = join(dir, 'resolver.mjs')
    await writeFile(resolver, `import dns from 'node:dns'
      const answers = ${JSON.stringify(answers)}
      const asked = dns.promises.lookup
      dns.promises.lookup = async (host, options) => {
        if (!Object.hasOwn(answers, host)) return await asked(host, options)
        if (answers[host].length === 0) throw Object.assign(new Error('gone'), { code: 'ENOTFOUND' })
        return answers[host].map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      }`)
    const names = Object.keys(answers)
    const entries = names.flatMap((host) => ['http', 'sse'].map((type) => {
      const isSwitched = /mixed|metadata/.test(host)
      const port = host === 'six.test' ? six.port : four.port
      return [`${host.replace(/\..*/, '')}-${type}`, { type, url: `https://${host}:${port}/mcp`, ...(isSwitched && { allowPrivateNetwork: true }) }] as const
    }))
    const gateway = await startGateway({ env: { NODE_OPTIONS: `--import ${resolver}`, DRAWBRIDGE_MANAGEMENT_TOKEN: MANAGEMENT_TOKEN }, config: { mcpServers: Object.fromEntries(entries), limits: roomyLimits } })
    t.after(() => gateway.stop())
    const texts = await Promise.all(entries.map(async ([name]) => {
      const wire = createModernWire(`${gateway.url}/servers/${name}/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      const { error } = await wire.call('x')
      return JSON.stringify(error)
    }))
    assert.equal(new Set(texts).size, 1, texts.join('\n'))
    assert.match(texts[0] ?? '', /"code":50301/)
    assert.doesNotMatch(texts[0] ?? '', /127|169|::|test|address|resolve/)
    assert.deepEqual([four.hits(), six.hits()], [0, 0])
    // The operator is told, with the reason.
    for (const [name, { url }] of entries.filter(([name]) => !name.startsWith('none'))) {
      const answer = await send(`${gateway.managementUrl}/admin/servers/${name}`, { headers: { authorization: `Bearer ${MANAGEMENT_TOKEN}` } })
      const { last_failure: failure } = JSON.parse(answer.body()) as { last_failure?: { reason: string } }
      assert.match(String(failure?.reason), new RegExp(`${new URL(url).hostname} resolved to [^"]*: expected`), name)
    }
  })
})

/** Writes as fast as the other side takes it, until it goes. */
async function pour ({ response }: Received, piece: Buffer): Promise<void> {
  response.setMaxListeners(0)
  for (let sent = 0; sent < 1024 * MB && !response.closed && !response.destroyed; sent += piece.length) {
    if (!response.write(piece)) await new Promise<void>((resolve) => { response.once('drain', resolve).once('close', resolve) })
  }
}

/** 100 MB each, had somebody unpacked them. */
const PACKED_ZEROS = gzipSync(Buffer.alloc(100 * MB))
const PACKED_COMMENTS = gzipSync(Buffer.alloc(100 * MB, ': \n'), { level: 1 })

const BOMBS: Readonly<Record<string, (received: Received) => unknown>> = {
  gzip: ({ response }) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(PACKED_ZEROS),
  'gzip stream': ({ response }) => response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end(PACKED_COMMENTS),
  'chained encodings': ({ response }) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': Array.from({ length: 2000 }, () => 'gzip').join(',') }).end('x'),
  'five thousand encodings': ({ response }) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': Array.from({ length: 5000 }, () => 'gzip').join(',') }).end('x'),
  comments: (received) => {
    stream(received)
    return pour(received, Buffer.alloc(MB, ': x\n\n'))
  },
  'one line': (received) => {
    stream(received).raw('data: ')
    return pour(received, Buffer.alloc(MB, 'x'))
  },
  'one event': (received) => {
    stream(received)
    return pour(received, Buffer.alloc(MB, 'data: xxxxxxxxx\n'))
  },
  'other messages': (received) => {
    stream(received)
    return pour(received, Buffer.from('data: {"jsonrpc":"2.0","method":"notifications/x"}\n\n'.repeat(20_000)))
  },
  'a body': (received) => {
    received.response.writeHead(200, { 'content-type': 'application/json' })
    return pour(received, Buffer.alloc(MB, ' '))
  },
  'a body that says so': (received) => {
    received.response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(1024 * MB) })
    return pour(received, Buffer.alloc(MB, ' '))
  },
  'an error page': (received) => {
    received.response.writeHead(500, { 'content-type': 'text/html' })
    return pour(received, Buffer.alloc(MB, ' '))
  },
  depth: ({ response, id }) => response.writeHead(200, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0","id":${String(id)},"result":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`)
}

describe('how much a server may send (T48)', () => {
  for (const era of ['modern', 'legacy'] as const) {
    it(`a ${era} server's bombs: each an error of its own call within the bounds, its socket cut, and others served`, async (t) => {
      const server = await (era === 'modern' ? fullModernServer : fullLegacyServer)(t, (received) => {
        if (received.method === 'tools/list') return result(received, { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' })
        const { name } = received.message['params'] as { name: string }
        const bomb = BOMBS[name]
        if (bomb === undefined) result(received, textResult('fine'))
        else Promise.resolve(bomb(received)).catch(() => {})
      })
      const gateway = await startGateway({ config: { mcpServers: { bombs: entryOf(server, { timeoutMs: 15_000 }), good: probe() }, limits: roomyLimits } })
      t.after(() => gateway.stop())
      const wire = createModernWire(`${gateway.url}/servers/bombs/mcp`, gateway.keyOf('alice').bearer)
      t.after(() => { wire.close() })
      const good = gateway.wire('alice', 'good')
      await good.open()
      const session = gateway.wire('alice', 'bombs')
      await session.open()
      assert.equal(textOf(await wire.call('fine')), 'fine')
      assert.equal(textOf(await session.call('fine')), 'fine')
      await good.call('echo', { text: 'warm' })
      const askers: ReadonlyArray<(name: string) => Promise<Exchange>> = [
        (name) => wire.begin('tools/call', { name, arguments: {} }, { id: name }),
        (name) => session.post({ jsonrpc: '2.0', id: name, method: 'tools/call', params: { name, arguments: {} } })
      ]
      const steps: number[] = []
      const rounds: number[] = []
      for (const ask of era === 'modern' ? askers : askers.slice(1)) {
        for (const name of Object.keys(BOMBS)) {
          const residentBefore = residentBytes(gateway.pid)
          assert.equal((await responseOf(await ask(name), name)).error?.code, 50201, name)
          assert.equal(textOf(await good.call('echo', { text: 'beside' })), 'beside')
          steps.push((residentBytes(gateway.pid) - residentBefore) / MB)
        }
        rounds.push(residentBytes(gateway.pid) / MB)
      }
      await until('every socket is cut', () => server.of('tools/call').every(({ response }) => response.closed || response.writableFinished))
      const grownMb = (rounds.at(-1) ?? 0) - (rounds[0] ?? 0)
      t.diagnostic(`${era}: one bomb ${Math.round(Math.max(...steps))} MB resident more at most, ${rounds.length} rounds of all of them ${Math.round(grownMb)} MB between the ends of the first and the last`)
      // What one takes is what was read before its bound, and garbage; it is not kept.
      assert.ok(Math.max(...steps) < 160, steps.map(Math.round).join(' '))
      assert.ok(grownMb < 160, `${rounds.map(Math.round).join(' ')} MB`)
      assert.equal(textOf(await wire.call('fine')), 'fine')
      assert.deepEqual(faultsOf(gateway), [])
    })
  }
})

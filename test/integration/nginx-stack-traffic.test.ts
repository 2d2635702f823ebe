/** What goes through the production stack's nginx over time: streams, its log, floods and slow clients, reloads (FR32, FR41, T27, T31). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect as connectH2 } from 'node:http2'
import { request } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { exchange, send } from '../helpers/http-exchange.ts'
import { startStackNginx } from '../helpers/nginx-stack.ts'
import { rawExchange } from '../helpers/raw-exchange.ts'
import { startStackEdge, type StackEdge } from '../helpers/stack-edge.ts'
import { startToldBackend } from '../helpers/told-backend.ts'
import { until } from '../helpers/until.ts'

let edge: StackEdge

before(async () => { edge = await startStackEdge() })
after(async () => { await edge.stop() })

describe('nginx of the stack: event streams', { timeout: 60_000 }, () => {
  it('each event is read before the next is sent, over HTTP/1.1 and HTTP/2', async () => {
    const answer = await exchange(`${edge.nginx.url}/stream`, { agent: edge.nginx.agent, headers: { 'mcp-session-id': 'b1-x' } })
    const stream = edge.b1.streams.at(-1) ?? assert.fail('no stream')
    for (const text of ['one', 'two', 'three']) {
      stream.write(`data: ${text}\n\n`)
      await answer.nextEvent(text, ({ data }) => data === text)
    }
    assert.equal(answer.headers['x-accel-buffering'], undefined)
    stream.end()
    assert.equal(await answer.ended, 'complete')

    const session = connectH2(edge.nginx.url, { ca: edge.nginx.ca })
    const reading = session.request({ ':path': '/stream', 'mcp-session-id': 'b2-x' })
    await once(reading, 'response')
    const speaking = edge.b2.streams.at(-1) ?? assert.fail('no stream')
    for (const text of ['one', 'two']) {
      speaking.write(`data: ${text}\n\n`)
      const [chunk] = await once(reading, 'data') as [Buffer]
      assert.equal(chunk.toString(), `data: ${text}\n\n`)
    }
    speaking.end()
    reading.resume()
    await once(reading, 'end')
    session.close()
  })

  it('a client that leaves is known to the replica at once (FR41)', async () => {
    const answer = await exchange(`${edge.nginx.url}/stream`, { agent: edge.nginx.agent, headers: { 'mcp-session-id': 'b1-x' } })
    const closed = once(edge.b1.streams.at(-1) ?? assert.fail('no stream'), 'close')
    answer.cut()
    await closed
  })
})

describe('nginx of the stack: its log', { timeout: 60_000 }, () => {
  it('has who, what, which replica and how long, and no secret (T27)', async () => {
    const secrets = ['db_q_secret', 'db_h_secret', 'b1-sessionsecret', 'cookie-secret', 'referer-secret']
    await edge.ask(`/mcp/secret?access_token=${secrets[0]}&session_id=${secrets[2]}`, { headers: { authorization: `Bearer ${secrets[1]}`, cookie: `a=${secrets[3]}`, referer: `https://a/?t=${secrets[4]}` } })
    await edge.ask('/session/secret', { headers: { 'mcp-session-id': secrets[2] ?? '' } })
    const [line] = await edge.logged('/mcp/secret')
    const { time, seconds, upstream_connect_seconds: connectS, upstream_seconds: upstreamS, connection, ...rest } = line ?? {}
    assert.deepEqual([typeof time, typeof seconds, typeof connection, connectS, upstreamS].map((value) => /^(?:string|number|[\d.]+)$/.test(String(value))), [true, true, true, true, true])
    assert.deepEqual({ ...rest, bytes_in: 0, bytes_out: 0, connection_requests: 0, upstream_header_seconds: '' }, {
      event: 'access', request_id: '0b6f7d523f0e4d8b9f0a2d1c5f7e9a10', client: '127.0.0.1', host: 'localhost', method: 'GET', path: '/mcp/secret', protocol: 'HTTP/1.1', tls: 'TLSv1.3', status: 200, bytes_in: 0, bytes_out: 0, replica: 'b1', upstream: `127.0.0.1:${edge.b1.port}`, upstream_status: '200', connection_requests: 0, user_agent: '', upstream_header_seconds: ''
    })
    await edge.logged('/session/secret')
    // Also where something goes wrong: refused, over the cap, nobody there.
    await edge.ask(`/metrics?access_token=${secrets[0]}`)
    await edge.ask(`/mcp?access_token=${secrets[0]}`, { headers: { host: 'evil.example' } })
    await edge.ask(`/over?access_token=${secrets[0]}`, { body: 'x'.repeat(4 * 1024 * 1024 + 1) })
    await edge.logged('/over')
    for (const secret of secrets) {
      assert.ok(!edge.nginx.accessLog().join('\n').includes(secret), secret)
      assert.ok(!edge.nginx.log().includes(secret), secret)
    }
  })

  it('is one JSON object a line, whatever is in a request', async () => {
    const before = edge.nginx.accessLog().length
    const agents = ['"},{"injected":true}\\', 'quote " and \\ slash', '\x01\x02\x1b[31mred', 'latin \xff\xfe', `${'"'.repeat(3000)}`, '\tTab']
    for (const agent of agents) await edge.raw(`GET /hostile"\\{}<> HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ${agent}\r\nConnection: close\r\n\r\n`)
    await edge.raw(`GET /${'%22"'.repeat(800)}?q=" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    await edge.raw('BR\x07EW / HTTP/1.1\r\nHost: a"b\r\nConnection: close\r\n\r\n')
    const lines = await until('all are logged', () => edge.nginx.accessLog().length >= before + agents.length + 2 && edge.nginx.accessLog().slice(before))
    for (const line of lines) {
      assert.equal((JSON.parse(line) as Record<string, unknown>)['event'], 'access')
      // One write of at most PIPE_BUF is not torn by another worker's.
      assert.ok(line.length < 4096)
      assert.match(line, /^[\x20-\x7e]+$/)
      assert.doesNotMatch(line, /injected":true/)
    }
  })

  it('has no line for probes', async () => {
    for (const path of ['/health', '/live', '/ready', '/health/ready']) assert.equal((await edge.ask(path)).status, 200)
    await edge.ask('/after-the-probes')
    await edge.logged('/after-the-probes')
    assert.doesNotMatch(edge.nginx.accessLog().join('\n'), /"path":"\/(?:live|ready|health)/)
  })
})

describe('nginx of the stack: floods', { timeout: 60_000 }, () => {
  it('429 as JSON with Retry-After, and no fault of the replicas', async (t) => {
    const small = await startStackNginx({ targets: [edge.b1], edit: (name, text) => name === 'limits.conf' ? text.replace('rate=2000r/s', 'rate=1r/m').replace('burst=4000', 'burst=2') : text })
    t.after(async () => { await small.stop() })
    const answers = []
    for (let turn = 0; turn < 4; turn++) answers.push(await send(`${small.url}/mcp/tools`, { agent: small.agent }))
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 429])
    const last = answers.at(-1) ?? assert.fail()
    assert.deepEqual([JSON.parse(last.body()).error.code, last.headers['retry-after'], last.headers['cache-control']], ['GW_LIMIT_RATE', '1', 'no-store'])
  })

  it('slow clients are let go of', async (t) => {
    const impatient = await startStackNginx({ targets: [edge.b1], edit: (name, text) => name === 'limits.conf' ? text.replace(/client_(header|body)_timeout 10s/g, 'client_$1_timeout 1s') : text })
    t.after(async () => { await impatient.stop() })
    const slowPort = Number(new URL(impatient.url).port)
    const slowHeaders = await rawExchange({ port: slowPort, ca: impatient.ca, text: 'GET / HTTP/1.1\r\nHost: local' })
    assert.doesNotMatch(slowHeaders.said, /200 OK/)
    const slowBody = request(impatient.url, { ca: impatient.ca, method: 'POST', headers: { 'content-length': '10' } })
    slowBody.on('error', () => undefined)
    slowBody.write('x')
    await new Promise((resolve) => { slowBody.on('close', resolve) })
    assert.deepEqual(edge.b1.arrived.filter(({ method, url }) => method === 'POST' && url === '/'), [])
  })
})

describe('nginx of the stack: reloads', { timeout: 60_000 }, () => {
  it('a configuration with a mistake is not taken, and the one before goes on, streams too (FR32)', async () => {
    const answer = await exchange(`${edge.nginx.url}/stream`, { agent: edge.nginx.agent, headers: { 'mcp-session-id': 'b1-x' } })
    const file = join(edge.nginx.dir, 'instance', 'upstreams.conf')
    const good = readFileSync(file, 'utf8')
    writeFileSync(file, `${good}\nupstream {`)
    assert.equal(edge.nginx.test().ok, false)
    const before = edge.nginx.workers().map(({ pid }) => pid)
    process.kill(edge.nginx.pid, 'SIGHUP')
    await until('nginx says what is wrong', () => /\[emerg\].*upstreams\.conf/.test(edge.nginx.log()))
    assert.deepEqual(edge.nginx.workers().map(({ pid }) => pid), before)
    assert.equal((await edge.ask('/still')).status, 200)
    const stream = edge.b1.streams.at(-1) ?? assert.fail('no stream')
    stream.write('data: still here\n\n')
    await answer.nextEvent('an event after the mistake', ({ data }) => data === 'still here')
    writeFileSync(file, good)
    await edge.nginx.reload()
    stream.write('data: after the reload\n\n')
    await answer.nextEvent('an event after a reload', ({ data }) => data === 'after the reload')
    stream.end()
    assert.equal(await answer.ended, 'complete')
  })

  it('other replicas serve from a reload on: blue to green, and ids of blue go to whoever serves', async (t) => {
    const g1 = await startToldBackend('g1')
    t.after(async () => { await g1.stop() })
    edge.nginx.serve([g1])
    await edge.nginx.reloadAll()
    assert.equal((await edge.ask('/green')).headers['x-drawbridge-replica'], 'g1')
    assert.equal((await edge.ask('/green', { headers: { 'mcp-session-id': 'b1-0123' } })).headers['x-drawbridge-replica'], 'g1')
    edge.nginx.serve([edge.b1, edge.b2])
    await edge.nginx.reloadAll()
  })
})

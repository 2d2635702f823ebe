import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectH2 } from 'node:http2'
import { Agent } from 'node:https'
import type { SecureVersion } from 'node:tls'
import { createLegacyWire } from '../helpers/legacy-wire.ts'
import { rawExchange } from '../helpers/raw-exchange.ts'
import { until } from '../helpers/until.ts'
import { certificateOf } from './create-stack.ts'
import type { Stack, StackRow } from './types.ts'

const RELOADS = 5

/** nginx in its container, from outside. */
export const edgeRows: readonly StackRow[] = [
  { name: 'edge: TLS 1.2, 1.3 and HTTP/2, plain HTTP only redirects', run: tls },
  { name: 'edge: paths of the operator are not there, unknown hosts are 421, Grafana answers this machine', run: paths },
  { name: 'edge: nginx reloaded while streams are open', run: reloads },
  { name: 'edge: the access log is JSON without secrets', run: accessLog }
]

async function tls (stack: Stack): Promise<string> {
  const { url, ca, compose } = stack
  const port = Number(new URL(url).port || 443)
  const agreedOn = async (version: SecureVersion): Promise<string | null> => (await rawExchange({ port, ca: certificateOf(stack), minVersion: version, maxVersion: version })).version
  assert.deepEqual([await agreedOn('TLSv1.2'), await agreedOn('TLSv1.3')], ['TLSv1.2', 'TLSv1.3'])
  await assert.rejects(agreedOn('TLSv1.1'), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  const session = connectH2(url, { ca: readFileSync(ca) })
  const request = session.request({ ':path': '/ready' })
  const [headers] = await once(request, 'response') as [Record<string, string>]
  session.destroy()
  assert.equal(headers[':status'], 200)
  assert.match(headers['strict-transport-security'] ?? '', /max-age=31536000/)
  const plainPort = (await compose('port', 'nginx', '8080')).trim().split(':').at(-1)
  const moved = await fetch(`http://localhost:${plainPort}/mcp?a=1`, { redirect: 'manual' })
  assert.deepEqual([moved.status, moved.headers.get('location')], [308, `${url}/mcp?a=1`])
  return `1.1 refused, HTTP/2 agreed on, 308 to ${moved.headers.get('location')}`
}

async function paths ({ url, ca, key, exec }: Stack): Promise<string> {
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<readonly [number, string | undefined]> => {
    const answer = await fetch(url + path, { headers })
    return [answer.status, /"code":"(\w+)"/.exec(await answer.text())?.[1]]
  }
  const bearer = { authorization: `Bearer ${key}` }
  // The gateway would ask for a credential first: it is nginx that has nothing there.
  for (const path of ['/metrics', '/metrics/', '/admin', '/admin/servers', '/admin/tokens']) assert.deepEqual(await ask(path), [404, 'GW_HTTP_NOT_FOUND'], path)
  // And here it is the gateway: nginx has its own figures on another port only.
  assert.deepEqual([await ask('/stub_status'), await ask('/stub_status', bearer)], [[401, 'GW_AUTH_REQUIRED'], [404, 'GW_HTTP_NOT_FOUND']])
  const misdirected = connectH2(url, { ca: readFileSync(ca) })
  const request = misdirected.request({ ':path': '/mcp', ':authority': 'evil.example' })
  const [headers] = await once(request, 'response') as [Record<string, string>]
  misdirected.destroy()
  assert.equal(headers[':status'], 421)
  const grafana = await fetch(`${url}/grafana/api/health`)
  assert.equal(grafana.status, 200)
  const uid = (await exec('nginx', 'id', '-u')).trim()
  assert.equal(uid, '101')
  await exec('nginx', 'nginx', '-t', '-q')
  return `nginx is uid ${uid}, its configuration is taken`
}

async function reloads (stack: Stack): Promise<string> {
  // A connection for each request: nginx lets go of idle kept ones in a reload, and who sends on one just then has to send again.
  const agent = new Agent({ ca: readFileSync(stack.ca), keepAlive: false })
  const wires = stack.users.slice(0, 4).map(({ key }) => createLegacyWire(`${stack.url}/mcp`, { authorization: `Bearer ${key}` }, agent))
  try {
    const streams = []
    for (const wire of wires) {
      await wire.open()
      streams.push(await wire.listen())
    }
    let cut = 0
    for (const { ended } of streams) void ended.then(() => { cut++ })
    let calls = 0
    for (let reload = 0; reload < RELOADS; reload++) {
      await stack.exec('nginx', 'nginx', '-s', 'reload')
      for (const wire of wires) {
        const answer = await wire.call('everything__echo', { message: `${reload}` })
        assert.match(JSON.stringify(answer.result), new RegExp(`Echo: ${reload}`))
        calls++
      }
    }
    assert.equal(cut, 0)
    for (const wire of wires) await wire.end()
    return `${RELOADS} reloads, ${streams.length} streams, ${calls} calls: nothing cut, nothing lost`
  } finally {
    for (const wire of wires) wire.close()
  }
}

async function accessLog ({ url, key, log }: Stack): Promise<string> {
  const agent = 'edge-row/1 "quoted" \\'
  const [secret, session] = ['db_query_secret', 'b1-session-secret']
  await fetch(`${url}/mcp?access_token=${secret}&session_id=${session}`, { headers: { authorization: `Bearer ${key}`, 'mcp-session-id': session, 'user-agent': agent } })
  const lines = await until('it is in the log', async () => {
    const found = (await log('nginx')).split('\n').filter((line) => line.includes('"event":"access"'))
    return found.some((line) => line.includes('edge-row/1')) && found
  })
  const parsed = lines.map((line) => JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>)
  assert.equal(parsed.filter(({ user_agent: said }) => said === agent).length, 1)
  const all = await log('nginx')
  for (const hidden of [secret, session, key]) assert.ok(!all.includes(hidden))
  assert.equal(parsed.filter(({ path }) => path === '/ready' || path === '/health').length, 0)
  return `${parsed.length} lines`
}

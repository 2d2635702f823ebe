/** What is quiet for longer than a proxy waits survives behind a real nginx, because comments keep it alive (FR43). */
import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startFixtureUpstreams, type FixtureUpstreams } from '../helpers/fixture-upstreams.ts'
import { freePort } from '../helpers/free-port.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send, type Exchange } from '../helpers/http-exchange.ts'
import { createLegacyWire, responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { createModernWire, type ModernWire } from '../helpers/modern-wire.ts'
import { missing } from '../helpers/programs.ts'
import { runNginx } from '../helpers/run-nginx.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { openSseWire } from '../helpers/sse-wire.ts'
import { until } from '../helpers/until.ts'

/** What the proxy waits for between two reads: more than the gateway's 15 s between comments. In seconds. */
const PROXY_READ_S = 17
/** How long the calls are quiet: longer than the proxy waits from the stream's headers on, which come after one second. */
const QUIET_MS = 19_500

/** nginx in front of `target`, as its documentation has a reverse proxy: nothing of it is tuned for event streams. */
async function startNginx (target: string): Promise<{ readonly url: string, log (): string, stop (): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-nginx-'))
  const port = await freePort()
  await writeFile(join(dir, 'nginx.conf'), `
    pid ${dir}/nginx.pid; error_log stderr warn;
    events {}
    http {
      access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ')}
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass ${target}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout ${PROXY_READ_S}s; }
      }
    }`)
  const url = `http://127.0.0.1:${port}`
  return { url, ...await runNginx({ dir, isReady: async () => (await send(`${url}/live`)).status === 200 }) }
}

const comments = (answer: Exchange): number => answer.events.filter(({ comment }) => comment !== undefined).length

describe('quiet for longer than the proxy waits', { skip: missing('nginx', 'clients') }, () => {
  let upstreams: FixtureUpstreams
  let gateway: TestGateway
  let nginx: Awaited<ReturnType<typeof startNginx>>
  let legacy: LegacyWire
  let modern: ModernWire
  let modernToStdioWire: ModernWire

  before(async () => {
    upstreams = await startFixtureUpstreams(['http-modern'])
    gateway = await startGateway({ config: { mcpServers: { stdio: upstreams.entry('stdio-legacy'), http: upstreams.entry('http-modern') }, limits: roomyLimits } })
    nginx = await startNginx(gateway.url)
    const { bearer } = gateway.keyOf('alice')
    legacy = createLegacyWire(`${nginx.url}/servers/stdio/mcp`, { ...bearer })
    modern = createModernWire(`${nginx.url}/servers/http/mcp`, bearer)
    modernToStdioWire = createModernWire(legacy.url, bearer)
    await legacy.open()
  })
  after(async () => {
    legacy.close()
    modern.close()
    modernToStdioWire.close()
    await nginx.stop()
    await gateway.stop()
    await upstreams.stop()
  })

  it('calls of both eras, a listen, a session\'s stream and an HTTP+SSE session, all at once', async () => {
    const quiet = { name: 'slow_progress', arguments: { steps: 2, everyMs: QUIET_MS } }
    const [old, stream, listen, sessionCall, modernCall, modernToStdio] = await Promise.all([
      openSseWire(`${nginx.url}/servers/stdio/sse`, gateway.keyOf('alice').bearer),
      legacy.listen(),
      modern.begin('subscriptions/listen', { notifications: { toolsListChanged: true } }),
      legacy.post({ jsonrpc: '2.0', id: 'quiet', method: 'tools/call', params: quiet }),
      modern.begin('tools/call', quiet, { id: 'quiet' }),
      modernToStdioWire.begin('tools/call', quiet, { id: 'quiet' })
    ])
    const calls = [sessionCall, modernCall, modernToStdio]
    for (const call of calls) {
      assert.match(textOf(await responseOf(call, 'quiet')), /done after 2 steps/)
      assert.ok(call.isSse && comments(call) > 0)
      assert.equal(await call.ended, 'complete')
    }
    for (const open of [stream, listen, old.stream]) await until('a comment', () => comments(open) > 0)
    // They are alive in both directions: what happens now is heard.
    await modern.call('test_trigger_tool_change')
    await listen.next('the news', ({ method }) => method === 'notifications/tools/list_changed')
    await legacy.call('test_trigger_tool_change')
    await stream.next('the news', ({ method }) => method === 'notifications/tools/list_changed')
    assert.deepEqual((await old.request('ping')).result, {})
    assert.doesNotMatch(nginx.log(), /timed out/)
    for (const open of [stream, listen, old.stream]) open.cut()
  })
})

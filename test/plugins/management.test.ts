import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Settings } from '../../src/shared/settings.ts'
import { send } from '../helpers/http-exchange.ts'
import type { Exchange } from '../helpers/http-exchange.ts'
import { startEdge, startManagement } from './edge-app.ts'
import { edgeSettings } from './settings.ts'

const TOKEN = 'a-management-token-for-tests'

async function listener (t: TestContext, management: Settings['management']): Promise<(path: string, headers?: Record<string, string>) => Promise<Exchange>> {
  const edge = await startEdge({ settings: edgeSettings({ management }).settings, change: () => ({ adminServer: (name) => name === 'notes' ? { name, stderr: 'tail' } : undefined }) })
  // Wherever it is bound: what the settings say decides what is open.
  const { url } = await startManagement(t, edge)
  return (path, headers = {}) => send(url + path, { headers })
}

test('without a token: /metrics on loopback by a loopback name, everything else 404 (rulings 2)', async (t) => {
  const get = await listener(t, { host: '127.0.0.1', port: 0 })
  const metrics = await get('/metrics')
  assert.equal(metrics.status, 200)
  assert.match(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/)
  assert.match(metrics.body(), /^drawbridge_build_info\{version="0\.0\.0-test",node="v24/m)
  assert.match(metrics.body(), /^process_cpu_seconds_total /m)
  assert.ok(metrics.headers['x-request-id'])
  for (const path of ['/admin/servers/notes', '/admin', '/nowhere', '/']) assert.equal((await get(path)).status, 404, path)
  for (const host of ['evil.example', 'metrics.evil.example:8081', '127.0.0.1.nip.io']) assert.equal((await get('/metrics', { host })).status, 404, host)
  assert.equal((await get('/metrics', { authorization: 'Bearer guess' })).status, 404)
})

test('with a token: it opens everything; without it nothing but loopback metrics', async (t) => {
  const get = await listener(t, { host: '127.0.0.1', port: 0, token: TOKEN })
  const good = { authorization: `Bearer ${TOKEN}` }
  assert.equal((await get('/metrics')).status, 200)
  assert.equal((await get('/metrics', { ...good, host: 'gateway:8081' })).status, 200)
  assert.deepEqual(JSON.parse((await get('/admin/servers/notes', good)).body()), { name: 'notes', stderr: 'tail' })
  assert.equal((await get('/admin/servers/nope', good)).status, 404)
  assert.equal((await get('/nowhere', good)).status, 404)
  for (const headers of [{}, { authorization: 'Bearer' }, { authorization: `Bearer ${TOKEN}x` }, { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, { authorization: `Basic ${TOKEN}` }, { authorization: TOKEN }, { 'x-api-key': TOKEN }] as Array<Record<string, string>>) {
    const answer = await get('/admin/servers/notes', headers)
    assert.equal(answer.status, 401, JSON.stringify(headers))
    assert.equal(answer.headers['www-authenticate'], 'Bearer')
    assert.doesNotMatch(answer.body(), /tail/)
  }
  assert.equal((await get(`/admin/servers/notes?access_token=${TOKEN}`)).status, 401)
})

test('bound beyond loopback, /metrics needs the token as well', async (t) => {
  const get = await listener(t, { host: '0.0.0.0', port: 0, token: TOKEN })
  assert.equal((await get('/metrics')).status, 401)
  assert.equal((await get('/metrics', { authorization: `Bearer ${TOKEN}` })).status, 200)
})

test('bound beyond loopback without a token, there is nothing to see', async (t) => {
  const get = await listener(t, { host: '0.0.0.0', port: 0 })
  assert.equal((await get('/metrics')).status, 404)
  assert.equal((await get('/admin/servers/notes')).status, 404)
})

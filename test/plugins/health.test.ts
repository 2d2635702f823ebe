import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HealthState } from '../../plugins/app-options.ts'
import { startEdge } from './edge-app.ts'
import { edgeSettings } from './settings.ts'

test('probes follow the gateway through its life (R21)', async (t) => {
  let state: HealthState = { phase: 'starting', checks: {} }
  const { settings } = edgeSettings()
  const edge = await startEdge({ settings, change: () => ({ health: () => state, version: '1.2.3' }) })
  t.after(() => edge.close())
  const probe = async (path: string): Promise<[number, Record<string, unknown>]> => {
    const answer = await edge.send(path)
    return [answer.status, JSON.parse(answer.body()) as Record<string, unknown>]
  }

  assert.deepEqual(await probe('/live'), [200, { status: 'live' }])
  assert.deepEqual(await probe('/ready'), [503, { status: 'not ready', reasons: ['starting'] }])
  assert.equal((await probe('/health'))[0], 503)

  state = { phase: 'serving', checks: { servers: { status: 'healthy' } } }
  assert.deepEqual(await probe('/ready'), [200, { status: 'ready', reasons: [] }])
  assert.deepEqual(await probe('/health/ready'), [200, { status: 'ready', reasons: [] }])
  const [status, health] = await probe('/health')
  assert.equal(status, 200)
  assert.equal(health['status'], 'healthy')
  assert.equal(health['version'], '1.2.3')
  assert.equal(new Date(String(health['timestamp'])).toISOString(), health['timestamp'])
  assert.deepEqual(health['checks'], { lifecycle: { status: 'healthy', detail: 'serving' }, credentials: { status: 'healthy' }, servers: { status: 'healthy' } })

  state = { phase: 'serving', checks: { servers: { status: 'degraded', detail: '1 of 2 cannot start' } } }
  assert.equal((await probe('/health'))[1]['status'], 'degraded')
  assert.equal((await probe('/health'))[0], 200)
  assert.equal((await probe('/ready'))[0], 200)

  state = { phase: 'draining', checks: {} }
  assert.deepEqual(await probe('/ready'), [503, { status: 'not ready', reasons: ['draining'] }])
  assert.equal((await probe('/live'))[0], 200)
  const head = await edge.send('/ready', { method: 'HEAD' })
  assert.deepEqual([head.status, head.body()], [503, ''])
})

test('a gateway that can verify nobody is not ready', async (t) => {
  const { settings } = edgeSettings({ auth: { apiKeys: [] } })
  const edge = await startEdge({ settings })
  t.after(() => edge.close())
  const answer = await edge.send('/ready')
  assert.equal(answer.status, 503)
  assert.match(answer.body(), /no usable verification key/)
  assert.equal((await edge.send('/health')).status, 503)
})

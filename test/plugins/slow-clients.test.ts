import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEdge } from './edge-app.ts'
import { rawSend } from './raw-http.ts'
import { edgeSettings } from './settings.ts'

test('two hundred clients that never finish their headers are answered and closed, and nobody else notices (T31)', async (t) => {
  const { settings, key } = edgeSettings()
  const edge = await startEdge({ settings })
  t.after(() => edge.close())
  const started = performance.now()
  const slow = Array.from({ length: 200 }, () => rawSend(edge.port, 'GET /status HTTP/1.1\r\nhost: localhost\r\nx-slow: ', 30_000))
  const healthy = await Promise.all(Array.from({ length: 50 }, () => edge.send('/status', { headers: key.bearer })))
  assert.ok(healthy.every(({ status }) => status === 200))
  for (const { statuses, closed, text } of await Promise.all(slow)) {
    assert.deepEqual(statuses, [408])
    assert.match(text, /GW_HTTP_TIMEOUT/)
    assert.ok(closed)
  }
  // 10 s for the headers, and Node looks every 5 s; the rest is room for a busy machine.
  const tookMs = performance.now() - started
  assert.ok(tookMs > 9000 && tookMs < 25_000, `${tookMs} ms`)
})

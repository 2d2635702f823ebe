import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEdge } from '../plugins/edge-app.ts'
import { edgeSettings } from '../plugins/settings.ts'

/** Header lines of a plain answer, as browsers, scanners and proxies come to rely on them (R14). `…` varies. */
const PINNED = `
content-security-policy: default-src 'none';frame-ancestors 'none'
cross-origin-resource-policy: same-origin
referrer-policy: no-referrer
strict-transport-security: max-age=31536000; includeSubDomains
x-content-type-options: nosniff
x-frame-options: DENY
cache-control: no-store
x-request-id: …
content-type: application/json; charset=utf-8
content-length: …
date: …
connection: keep-alive
keep-alive: timeout=75
`

test('an answer carries exactly these headers', async (t) => {
  const edge = await startEdge({ settings: edgeSettings().settings })
  t.after(() => edge.close())
  const { headers } = await edge.send('/live')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${['x-request-id', 'content-length', 'date'].includes(name) ? '…' : String(value)}`)
  assert.deepEqual(lines.sort(), PINNED.trim().split('\n').sort())
})

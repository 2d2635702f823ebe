import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneServer, settingsOf } from './load.ts'

test('quotas by the day and the month are read for users and for tenants, and absent by default', async () => {
  const { limits, tenants } = await settingsOf(oneServer({}, {
    limits: { callsPerDay: 500, callsPerMonth: 9000 },
    tenants: { acme: { limits: { callsPerDay: 10_000_000, callsPerMonth: 1_000_000_000_000 } } }
  }))
  assert.deepEqual([limits.callsPerDay, limits.callsPerMonth], [500, 9000])
  assert.deepEqual(tenants?.get('acme' as never)?.limits, { callsPerDay: 10_000_000, callsPerMonth: 1_000_000_000_000 })
  const plain = await settingsOf(oneServer())
  assert.deepEqual([plain.limits.callsPerDay, plain.limits.callsPerMonth], [undefined, undefined])
})

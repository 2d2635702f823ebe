import assert from 'node:assert/strict'
import { connectClient } from '../helpers/mcp-clients.ts'
import { until } from '../helpers/until.ts'
import type { Stack, StackRow } from './types.ts'

/** Redis is restarted under callers: they notice nothing, and what it knew is there afterwards. */
export const redisRow: StackRow = {
  name: 'Redis restarted under load',
  run: async (stack) => {
    const user = stack.users[0]
    assert.ok(user)
    const client = await connectClient('sdk1-http', { url: `${stack.url}/mcp`, headers: { authorization: `Bearer ${user.key}` } })
    try {
      await client.callTool('everything__echo', { message: 'before' })
      const keysBefore = await keysInRedis(stack)
      const over = new AbortController()
      const restart = stack.compose('restart', 'redis').finally(() => { over.abort() })
      let calls = 0
      for (; !over.signal.aborted; calls++) await client.callTool('everything__echo', { message: 'meanwhile' })
      await restart
      const beginMs = performance.now()
      await until('both gateways have Redis again', async () => (await stack.promQuery('sum(drawbridge_redis_up)'))[0]?.value === 2, 60_000)
      assert.equal((await fetch(`${stack.url}/health`)).status, 200)
      const keysAfter = await keysInRedis(stack)
      assert.ok(keysAfter > 0 && keysBefore > 0, `keys before ${keysBefore}, after ${keysAfter}`)
      return `${calls} calls while it was away, 0 lost; ${keysBefore} keys before, ${keysAfter} after; seen as up again within ${((performance.now() - beginMs) / 1000).toFixed(1)} s`
    } finally {
      await client.close()
    }
  }
}

/** Keys in the database, as the exporter saw them last. */
async function keysInRedis (stack: Stack): Promise<number> {
  return (await stack.promQuery('redis_db_keys{db="db0"}'))[0]?.value ?? 0
}

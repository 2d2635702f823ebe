import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { connectClient } from '../helpers/mcp-clients.ts'
import type { McpClient } from '../helpers/mcp-clients.ts'
import { until } from '../helpers/until.ts'
import type { Stack, StackRow } from './types.ts'

const CLIENTS = 4
const KEYS = 'redis_db_keys{db="db0"}'
const UPTIME = 'redis_uptime_in_seconds'
/** Between two calls of one client: a restart is over before the user's calls of a minute are used up. */
const PAUSE_MS = 250

/** Redis is restarted under callers: they notice nothing, and what it knew is there afterwards. */
export const redisRow: StackRow = {
  name: 'Redis restarted under load',
  run: async (stack) => {
    const clients = await Promise.all(stack.users.slice(8, 8 + CLIENTS).map(({ key }) => connectClient('sdk1-http', { url: `${stack.url}/mcp`, headers: { authorization: `Bearer ${key}` } })))
    try {
      for (const client of clients) await client.callTool('everything__echo', { message: 'before' })
      const keysBefore = await until('the exporter sees keys', async () => await figure(stack, KEYS) || undefined, 60_000)
      const uptimeBefore = await figure(stack, UPTIME)
      const calls = await callDuring(clients, stack.compose('restart', 'redis'))
      const beginMs = performance.now()
      await until('both gateways have Redis again', async () => (await stack.promQuery('sum(drawbridge_redis_up)'))[0]?.value === 2, 60_000)
      await until('the exporter sees the new Redis', async () => {
        const uptime = await figure(stack, UPTIME)
        return uptime > 0 && uptime < uptimeBefore
      }, 60_000)
      // Some have expired meanwhile; had Redis begun anew there would be a handful.
      const keysAfter = await figure(stack, KEYS)
      assert.ok(keysAfter > keysBefore / 2, `${keysBefore} keys before, ${keysAfter} after`)
      assert.equal((await fetch(`${stack.url}/health`)).status, 200)
      return `${calls} calls meanwhile, 0 lost; ${keysBefore} keys before, ${keysAfter} after; all see it again within ${((performance.now() - beginMs) / 1000).toFixed(1)} s`
    } finally {
      await Promise.all(clients.map((client) => client.close()))
    }
  }
}

/** Every client calls again and again until `work` is done. Resolves with the number of calls; rejects when one failed. */
async function callDuring (clients: readonly McpClient[], work: Promise<unknown>): Promise<number> {
  const over = new AbortController()
  const counts = clients.map(async (client) => {
    let calls = 0
    for (; !over.signal.aborted; calls++) {
      assert.match(JSON.stringify(await client.callTool('everything__echo', { message: 'meanwhile' })), /Echo: meanwhile/)
      await pause(PAUSE_MS)
    }
    return calls
  })
  const all = Promise.all(counts)
  // Told below, not by the end of this process.
  all.catch(() => undefined)
  try {
    await work
  } finally {
    over.abort()
  }
  return (await all).reduce((sum, calls) => sum + calls, 0)
}

/** As the exporter saw it last; 0 when it saw nothing. */
async function figure (stack: Stack, expression: string): Promise<number> {
  return (await stack.promQuery(expression))[0]?.value ?? 0
}

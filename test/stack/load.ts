import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { connectClient } from '../helpers/mcp-clients.ts'
import type { McpClient } from '../helpers/mcp-clients.ts'
import { callPlainly } from './calls.ts'
import type { Stack, StackRow, StackUser } from './types.ts'

/** Users with a client each; below what a user may do in a minute (100 calls). */
const USERS = 8
/** Between two things that one user does. */
const PAUSE_MS = 700
/** What one who is in a hurry does at once, every few seconds: more than a user may. */
const HASTY_CALLS = 40
/** limits.callsPerMinute of the stack: what a user may do in any minute. */
const CALLS_A_MINUTE = 100
/** How many kinds of things a user does, one after the other. */
const KINDS_OF_THINGS = 9

interface Tally {
  done: number
  /** Rounds of those who misbehave, the calls of the hasty one that were served, and those that were refused. */
  rounds: number
  served: number
  limited: number
  readonly tookMs: number[]
  readonly failed: string[]
}

/** Light load of every kind, so that each panel of each dashboard has something to show: calls, lists, files, progress, refusals. */
export function loadRow (seconds: number): StackRow {
  return {
    name: `load for ${seconds} s`,
    run: async (stack) => {
      const tally: Tally = { done: 0, rounds: 0, served: 0, limited: 0, tookMs: [], failed: [] }
      const beginMs = performance.now()
      const clients = await Promise.all(stack.users.slice(0, USERS).map(async (user, index) => await warmClient(stack, user, index)))
      const warmSeconds = (performance.now() - beginMs) / 1000
      const untilMs = performance.now() + seconds * 1000
      await Promise.all([...clients.map((client) => live(client, untilMs, tally)), misbehave(stack, untilMs, tally)])
      assert.deepEqual(tally.failed, [])
      const minutes = Math.ceil((performance.now() - beginMs) / 60_000)
      assert.ok(tally.served <= CALLS_A_MINUTE * minutes, `${tally.served} calls of one user in ${minutes} minutes`)
      assert.equal(tally.served + tally.limited, tally.rounds * HASTY_CALLS)
      assert.ok(tally.rounds > 0 && tally.limited > 0, 'somebody was refused')
      tally.tookMs.sort((a, b) => a - b)
      const at = (part: number): string => (tally.tookMs[Math.floor(tally.tookMs.length * part)] ?? NaN).toFixed(0)
      return `${tally.done} calls of ${USERS} users, none failed (after ${warmSeconds.toFixed(1)} s in which their workers started), p50 ${at(0.5)} ms, p95 ${at(0.95)} ms; refused as they should be: ${tally.rounds} of nobody, ${tally.rounds} of a reader, ${tally.rounds} for no tool, ${tally.limited} of ${tally.limited + tally.served} of somebody in a hurry`
    }
  }
}

/** A user's client, for whom the workers of all servers have been started. */
async function warmClient (stack: Stack, user: StackUser, index: number): Promise<McpClient> {
  const client = await connectClient(index % 2 === 0 ? 'sdk1-http' : 'sdk2-auto', { url: `${stack.url}/mcp`, headers: { authorization: `Bearer ${user.key}` } })
  for (let turn = 0; turn < KINDS_OF_THINGS; turn++) await doOneThing(client, turn)
  return client
}

/** One user at work, until it is over. */
async function live (client: McpClient, untilMs: number, tally: Tally): Promise<void> {
  try {
    for (let turn = 0; performance.now() < untilMs; turn++) {
      const beginMs = performance.now()
      try {
        await doOneThing(client, turn)
        tally.done++
        tally.tookMs.push(performance.now() - beginMs)
      } catch (error) {
        tally.failed.push(`turn ${turn}: ${String(error)}`)
      }
      await pause(PAUSE_MS)
    }
  } finally {
    await client.close()
  }
}

/** @throws also when the tool says that it failed */
async function doOneThing (client: McpClient, turn: number): Promise<void> {
  const things = [
    () => client.listTools(),
    () => client.callTool('everything__echo', { message: `turn ${turn}` }),
    () => client.callTool('memory__create_entities', { entities: [{ name: `fact${turn}`, entityType: 'fact', observations: ['seen'] }] }),
    () => client.callTool('memory__read_graph'),
    () => client.callTool('filesystem__list_allowed_directories'),
    () => client.callTool('time__get_current_time', { timezone: 'Etc/UTC' }),
    () => client.listPrompts(),
    () => client.listResources(),
    () => client.callTool('everything__trigger-long-running-operation', { duration: 0.2, steps: 2 }, { onprogress: () => {} })
  ]
  const result = await things[turn % things.length]?.()
  assert.ok(result !== undefined && !('isError' in result && result.isError === true), JSON.stringify(result))
}

/** Those who are refused: without a key, without the right, for a tool that is not there, and faster than their limit. */
async function misbehave (stack: Stack, untilMs: number, tally: Tally): Promise<void> {
  const hasty = stack.users.at(-1)
  assert.ok(hasty)
  const answers = async (call: Promise<Response>, status: number, said: RegExp): Promise<void> => {
    const answer = await call
    const body = await answer.text()
    if (answer.status !== status || !said.test(body)) tally.failed.push(`${answer.status} ${body} instead of ${status} ${said}`)
  }
  const hurry = async (): Promise<void> => {
    const answer = await callPlainly(stack, hasty.key, 'time__get_current_time', { timezone: 'Etc/UTC' })
    const body = await answer.text()
    if (answer.status === 200 && body.startsWith('{"ok":true,')) tally.served++
    else if (answer.status === 429 && body.includes('"code":42901') && Number(answer.headers.get('retry-after')) > 0) tally.limited++
    else tally.failed.push(`${answer.status} ${body} for somebody in a hurry`)
  }
  while (performance.now() < untilMs) {
    await Promise.all([
      answers(callPlainly(stack, 'db_nobody_none', 'everything__echo', { message: 'x' }), 401, /"code":"GW_AUTH_INVALID"/),
      answers(callPlainly(stack, stack.reader.key, 'everything__echo', { message: 'x' }), 403, /^\{"ok":false,"error":\{"code":-32600,"message":"The credential lacks a scope that this operation needs\."\}\}$/),
      // The call is answered, and what it says is no: docs/api.md.
      answers(callPlainly(stack, stack.key, 'everything__no-such-tool', {}), 200, /^\{"ok":false,"error":\{"code":-32602,"message":"Unknown tool\."\}\}$/),
      ...Array.from({ length: HASTY_CALLS }, hurry)
    ])
    tally.rounds++
    await pause(PAUSE_MS * 10)
  }
}

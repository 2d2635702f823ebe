/** T37 ReDoS and schema bombs: what a server says of its tools neither stops the gateway nor makes it fetch anything. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { roomyLimits } from '../../helpers/server-entries.ts'
import { toolFaces } from '../../helpers/tool-faces.ts'

const lists = fileURLToPath(new URL('../../fixtures/stdio-servers/lists.mjs', import.meta.url))
const text = (pattern: string): object => ({ type: 'object', properties: { text: { type: 'string', pattern } } })

describe('T37: schemas that are made to cost', () => {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-t37-'))
  let gateway: TestGateway
  let canary: Server
  let hits = 0

  before(async () => {
    canary = createServer((_request, response) => { hits++; response.end('{}') }).listen(0, '127.0.0.1')
    await once(canary, 'listening')
    const branching = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`d${at}`, { allOf: Array.from({ length: 10 }, () => ({ $ref: `#/$defs/d${at + 1}` })) }]))
    writeFileSync(join(dir, 'plan'), JSON.stringify({
      tools: [
        { name: 'linear', inputSchema: text('^(a+)+$') },
        { name: 'backtracking', inputSchema: text('^(?=a)(a+)+$') },
        { name: 'branching', inputSchema: { $ref: '#/$defs/d0', $defs: { ...branching, d12: { type: 'object' } } } },
        { name: 'fetching', inputSchema: { type: 'object', properties: { a: { $ref: `http://127.0.0.1:${(canary.address() as AddressInfo).port}/schema.json` } } } },
        { name: 'healthy', inputSchema: { type: 'object' } }
      ]
    }))
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'bob' }],
      config: { mcpServers: { bombs: { command: process.execPath, args: [lists], env: { LISTS_PLAN: join(dir, 'plan') } } }, limits: roomyLimits }
    })
  })
  after(async () => {
    await gateway.stop()
    canary.close()
    rmSync(dir, { recursive: true })
  })

  it('others are served while a pattern backtracks and branches branch; what is not decided in time is refused', async () => {
    const bob = gateway.wire('bob', 'bombs')
    await bob.open()
    await bob.call('healthy')
    const alice = await toolFaces(gateway, 'alice', 'bombs')
    const bomb = { text: `${'a'.repeat(40)}!` }
    const attacks = ['linear', 'backtracking', 'branching'].map(async (tool) => await alice['session, server']?.(tool, bomb))
    let slowestMs = 0
    const attack = { isOver: false }
    const all = Promise.all(attacks).finally(() => { attack.isOver = true })
    while (!attack.isOver) {
      const startedMs = performance.now()
      assert.ok((await bob.call('healthy')).result)
      slowestMs = Math.max(slowestMs, performance.now() - startedMs)
    }
    const [linear, backtracking, branching] = await all
    assert.match(JSON.stringify(linear?.result), /expected a string that matches/)
    assert.match(JSON.stringify(backtracking?.result), /could not be held to the schema of the tool in time/)
    // Its thread may have run out of memory before its time.
    assert.equal(branching?.result?.['isError'], true)
    // The backtracking alone would take hours.
    assert.ok(slowestMs < 5_000, `another user waited ${slowestMs} ms`)
  })

  it('a $ref to another document is not followed: the tool cannot be called, by any way, and nothing was fetched', async () => {
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'alice', 'bombs'))) {
      const { result } = await call('fetching', { a: 1 })
      assert.equal(result?.['isError'], true, face)
      assert.match(JSON.stringify(result), /refers to another document/, face)
    }
    assert.equal(hits, 0)
  })
})

/** Real gateways behind the production stack's own nginx: clients over TLS, sessions at their replica, reloads and idle connections under load (FR32, FR33). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { Agent } from 'node:https'
import { test } from 'node:test'
import { json } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { startLoad } from '../chaos/load.ts'
import { tallyOf, type LedgerCall } from '../chaos/ledger.ts'
import { ACCEPT_BOTH, type LegacyWire } from '../helpers/legacy-wire.ts'
import { MODERN, createModernWire, modernParams } from '../helpers/modern-wire.ts'
import { connectClient, usesSse, type ClientKind } from '../helpers/mcp-clients.ts'
import { officialServer } from '../helpers/programs.ts'
import { startStackNginx } from '../helpers/nginx-stack.ts'
import { manyUsers } from '../helpers/server-entries.ts'
import { startStackReplicas, type StackReplicas } from '../helpers/stack-replicas.ts'
import { until } from '../helpers/until.ts'

const NOTHING_BAD = { clean: 0, unknown: 0, lost: 0, dup: 0, mix: 0, lied: 0 }

test('gateways behind the nginx of the stack', async (t) => {
  const users = manyUsers(10, ['acme', 'globex'])
  const names = users.slice(0, 8).map(({ user }) => user)
  // One set of gateways for all of it: starting and draining them takes longer than what is asked of them.
  const target = await startStackReplicas(t, { users, servers: { everything: officialServer('everything') } })
  const { set, nginx } = target

  await t.test('official clients list, call and see progress over TLS', async () => {
    setDefaultCACertificates([...getCACertificates('default'), nginx.ca])
    for (const kind of ['sdk1-http', 'sdk2-auto', 'sdk1-sse'] satisfies ClientKind[]) {
      const client = await connectClient(kind, { url: `${nginx.url}/servers/everything/${usesSse(kind) ? 'sse' : 'mcp'}`, headers: { ...set.keyOf('u0').bearer }, interactive: false })
      try {
        assert.ok((await client.listTools()).tools.some(({ name }) => name === 'echo'))
        assert.match(JSON.stringify((await client.callTool('echo', { message: kind })).content), new RegExp(kind))
        const attempts: number[][] = []
        // SDKs drop what arrives together with the result: the last one, and more where the machine lets the client wait.
        await until(`${kind} hears of progress`, async () => {
          const seen: number[] = []
          attempts.push(seen)
          await client.callTool('trigger-long-running-operation', { duration: 0.5, steps: 3 }, { onprogress: ({ progress }) => { seen.push(progress) } })
          return seen.length >= 2
        })
        for (const seen of attempts) assert.deepEqual(seen, [1, 2, 3].slice(0, seen.length), kind)
      } finally {
        await client.close()
      }
    }
  })

  await t.test('a tool is called over HTTP/2', async () => {
    const session = connect(nginx.url, { ca: nginx.ca })
    const call = session.request({ ':method': 'POST', ':path': '/servers/everything/mcp', ...set.keyOf('u0').bearer, accept: ACCEPT_BOTH, 'content-type': 'application/json', 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'echo' })
    call.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: modernParams({ name: 'echo', arguments: { message: 'over h2' } }) }))
    const [headers] = await once(call, 'response') as [Record<string, string>]
    assert.deepEqual([headers[':status'], headers['content-type']], [200, 'application/json; charset=utf-8'])
    assert.match(JSON.stringify(await json(call)), /over h2/)
    session.close()
  })

  await t.test('requests of a session go to the replica that its id names', async () => {
    const portOf = new Map(set.replicas.map(({ name, url }) => [name, new URL(url).port]))
    const opened = names.map((user) => async (): Promise<LegacyWire> => {
      const client = target.wire(user, 'ledger')
      await client.open()
      return client
    })
    // Where those live is a matter of their keys; who is served first at a replica lives there.
    const placed = set.replicas.map((replica, at) => async (): Promise<LegacyWire> => {
      const { user = '' } = users[names.length + at] ?? {}
      const past = set.wire(user, 'ledger', replica)
      await past.open()
      const client = target.wire(user, 'ledger')
      client.sessionId = past.sessionId
      return client
    })
    const tags = new Set<string>()
    for (const begin of [...opened, ...placed]) {
      const client = await begin()
      const [tag = ''] = client.sessionId?.split('-') ?? []
      tags.add(tag)
      const before = nginx.accessLog().length
      for (let turn = 0; turn < 3; turn++) assert.ok((await client.request('tools/list')).result)
      const lines = await until('they are in the log', () => nginx.accessLog().length >= before + 3 && nginx.accessLog().slice(-3).map((line) => JSON.parse(line) as Record<string, unknown>))
      assert.deepEqual(lines.map(({ upstream, replica }) => [upstream, replica]), lines.map(() => [`127.0.0.1:${portOf.get(tag)}`, tag]))
    }
    assert.deepEqual([...tags].sort(), ['b1', 'b2'])
  })

  await t.test('twenty reloads under load with open streams: nothing lost, no stream cut (FR32)', async () => {
    const listeners = await Promise.all(names.map(async (user) => {
      const wire = target.wire(user, 'ledger')
      await wire.open()
      return { wire, stream: await wire.listen() }
    }))
    let cut = 0
    for (const { stream } of listeners) stream.ended.then(() => { cut++ }).catch(() => undefined)
    const load = startLoad({ target, server: 'ledger', legacyUsers: names.slice(0, 4), modernUsers: names.slice(4), everyMs: 150, callMs: [2, 20, 100], deadlineMs: 20_000, resendsReset: true })
    for (let reloads = 0; reloads < 20; reloads++) {
      const before = load.calls.length
      await nginx.reload()
      await until('calls go on', () => load.calls.length > before, 20_000)
    }
    assertNothingBad(await load.stop(), target)
    assert.equal(cut, 0)
    for (const { wire } of listeners) {
      await wire.end()
      wire.close()
    }
    await until('old workers are gone', () => nginx.workers().length === 2, 20_000)
  })

  await t.test('calls that come just as nginx lets go of idle connections find another one (FR33)', async (t) => {
    // A hundredth of what it is, and of the gateway's 75 s.
    const impatient = await startStackNginx({ targets: set.replicas.map(({ name, url }) => ({ name, port: Number(new URL(url).port) })), edit: (_name, text) => text.replaceAll('keepalive_timeout 60s;', 'keepalive_timeout 600ms;') })
    t.after(async () => { await impatient.stop() })
    // An agent for each, because a wire that is closed ends what its agent has open.
    const through = { wire: target.wire, modern: (user: string, server: string) => createModernWire(`${impatient.url}/servers/${server}/mcp`, set.keyOf(user).bearer, new Agent({ ca: impatient.ca, keepAlive: true })) }
    const calls = []
    for (const jitterMs of [-6, 0, 6]) {
      const load = startLoad({ target: through, server: 'ledger', legacyUsers: [], modernUsers: names, everyMs: 600 + jitterMs, deadlineMs: 20_000 })
      await until('everybody has called three times', () => load.calls.length >= 3 * names.length, 30_000)
      calls.push(...await load.stop())
    }
    assertNothingBad(calls, target)
  })
})

function assertNothingBad (calls: readonly LedgerCall[], { file }: StackReplicas): void {
  const { clean, unknown, lost, dup, mix, lied, details } = tallyOf(calls, file)
  assert.deepEqual({ clean, unknown, lost, dup, mix, lied }, NOTHING_BAD, JSON.stringify(details))
}

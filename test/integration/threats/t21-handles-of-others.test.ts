/** What a client holds for the gateway — request states, cursors, task ids — is its own: nobody else's, nowhere else, not changed (T21); and what it may not see does not exist (T25). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { KINDS, startFixtureUpstreams, type FixtureUpstreams, type Kind } from '../../helpers/fixture-upstreams.ts'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import type { Exchange, JsonRpc } from '../../helpers/http-exchange.ts'
import { textOf } from '../../helpers/legacy-wire.ts'
import { lowerQuartileOf } from '../../helpers/lower-quartile.ts'
import { createModernWire, type ModernWire, type RequestOptions } from '../../helpers/modern-wire.ts'
import { roomyLimits } from '../../helpers/server-entries.ts'
import { AUDIENCE, forge, ISSUER, SECRET } from '../../unit/auth/fixtures.ts'

const TASKS = 'io.modelcontextprotocol/tasks'
const eliciting = { capabilities: { elicitation: { form: {} } } }
const ASKING = { name: 'test_input_required_result_request_state', arguments: {} }
const users = [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }, { tenant: 'globex', user: 'alice2' }]

/** A sealed text, spoilt: another byte at every place that matters, cut, grown, and nonsense. */
function spoilt (text: string): unknown[] {
  const at = (place: number): string => text.slice(0, place) + (text[place] === 'A' ? 'B' : 'A') + text.slice(place + 1)
  return [at(0), at(5), at(Math.floor(text.length / 2)), at(text.length - 3), text.slice(0, -1), text.slice(1), `${text}A`, `${text}=`, ` ${text}`, text + text, 'x', '', 0, null, {}, ['x'], 'A'.repeat(70_000)]
}

const codeOf = ({ error }: JsonRpc): unknown => error?.code

describe('handles', () => {
  let upstreams: FixtureUpstreams
  let gateway: TestGateway
  const wires: ModernWire[] = []
  const at = (path: string, user = 'alice', credential?: { authorization: string }): ModernWire => {
    const wire = createModernWire(`${gateway.url}${path}`, credential ?? gateway.keyOf(user).bearer)
    wires.push(wire)
    return wire
  }
  const of = (server: string, user?: string): ModernWire => at(`/servers/${server}/mcp`, user)

  before(async () => {
    upstreams = await startFixtureUpstreams()
    const paged = (kind: Kind): Record<string, unknown> => {
      const entry = upstreams.entry(kind)
      return { ...entry, args: [...entry['args'] as string[], '--page-size', '3'] }
    }
    gateway = await startGateway({
      users,
      env: { JWT_SECRET: SECRET },
      config: {
        mcpServers: {
          ...Object.fromEntries(KINDS.map((kind) => [kind, upstreams.entry(kind)])),
          other: upstreams.entry('http-modern'),
          'paged-legacy': paged('stdio-legacy'),
          'paged-modern': paged('stdio-modern'),
          ruled: upstreams.entry('http-modern', { tools: { deny: ['w*', 'big_text'] }, prompts: { allow: [] }, resources: { allow: ['test://static-text'] } })
        },
        auth: { jwt: [{ issuer: ISSUER, audience: AUDIENCE, tenant: 'acme', userPrefix: 'sso-', secretEnv: 'JWT_SECRET', algorithms: ['HS256'] }] },
        limits: roomyLimits
      }
    })
  })
  after(async () => {
    for (const wire of wires) wire.close()
    await gateway.stop()
    await upstreams.stop()
    assert.deepEqual(gateway.logs().filter((line) => line['level'] === 'error' || line['level'] === 'fatal'), [], 'nothing went wrong inside')
  })

  /** The first round of a call that asks. */
  async function asked (wire: ModernWire): Promise<{ requestState: string, inputResponses: Record<string, unknown> }> {
    const { result, error } = await wire.request('tools/call', ASKING, eliciting)
    assert.equal(result?.['resultType'], 'input_required', JSON.stringify(error ?? result))
    const [key = ''] = Object.keys(result['inputRequests'] as object)
    return { requestState: String(result['requestState']), inputResponses: { [key]: { action: 'accept', content: { ok: true } } } }
  }

  for (const kind of KINDS) {
    it(`a requestState, ${kind}: not for another user, tenant, server, endpoint, tool or argument, nor changed; its owner goes on all the same`, async () => {
      const alice = of(kind)
      const round = await asked(alice)
      const retry = (wire: ModernWire, params: Record<string, unknown> = {}): Promise<JsonRpc> => wire.request('tools/call', { ...ASKING, ...round, ...params }, eliciting)
      const all = at('/mcp')
      const strangers: Record<string, Promise<JsonRpc>> = {
        'another user': retry(of(kind, 'bob')),
        'another tenant': retry(of(kind, 'alice2')),
        'another server': retry(of('other')),
        'the aggregate': retry(all, { name: `${kind}__${ASKING.name}` }),
        'another tool': retry(alice, { name: 'test_input_required_result_sampling' }),
        'other arguments': retry(alice, { arguments: { more: 1 } })
      }
      for (const [who, answer] of Object.entries(strangers)) assert.equal(codeOf(await answer), -32602, `${who}: ${JSON.stringify(await answer)}`)
      for (const requestState of spoilt(round.requestState)) {
        const answer = await retry(alice, { requestState })
        assert.equal(codeOf(answer), -32602, `${String(requestState).slice(0, 40)}: ${JSON.stringify(answer)}`)
      }
      assert.equal(textOf(await retry(alice)), 'state-ok')
      // A parked call goes on once; a modern server's own state is that server's to judge.
      if (kind.endsWith('legacy') || kind === 'sse') assert.equal(codeOf(await retry(alice)), -32602)
    })
  }

  it('a scope that is gone between two rounds: refused, and the call still waits for who has it', async () => {
    const tokenWith = (scope: string): { authorization: string } => {
      const nowS = Math.floor(Date.now() / 1000)
      return { authorization: `Bearer ${forge({ alg: 'HS256', typ: 'at+jwt' }, { iss: ISSUER, aud: AUDIENCE, sub: 'dora', client_id: 'app', scope, iat: nowS, exp: nowS + 300 })}` }
    }
    for (const kind of KINDS) {
      const path = `/servers/${kind}/mcp`
      const [before, without] = [at(path, '', tokenWith('tools:call tools:read')), at(path, '', tokenWith('tools:read'))]
      const round = await asked(before)
      const answer = await without.begin('tools/call', { ...ASKING, ...round }, { id: 'x', ...eliciting })
      await answer.ended
      assert.equal(answer.status, 403, `${kind} ${answer.body()}`)
      assert.match(String(answer.headers['www-authenticate']), /insufficient_scope/)
      assert.equal(textOf(await before.request('tools/call', { ...ASKING, ...round }, eliciting)), 'state-ok')
    }
  })

  it('a cursor: not for another user, tenant, server, endpoint, list or era\'s stranger, nor changed; its owner reads on', async () => {
    for (const server of ['paged-legacy', 'paged-modern']) {
      const list = async (wire: ModernWire, method: string, cursor?: unknown): Promise<JsonRpc> => await wire.request(method, cursor === undefined ? {} : { cursor })
      const first = await list(of(server), 'tools/list')
      const cursor = first.result?.['nextCursor']
      assert.equal(typeof cursor, 'string', JSON.stringify(first).slice(0, 300))
      const session = gateway.wire('bob', server)
      await session.open()
      const strangers: Record<string, JsonRpc> = {
        'another user': await list(of(server, 'bob'), 'tools/list', cursor),
        'another user\'s session': await session.request('tools/list', { cursor }),
        'another tenant': await list(of(server, 'alice2'), 'tools/list', cursor),
        'another server': await list(of(server === 'paged-legacy' ? 'paged-modern' : 'paged-legacy'), 'tools/list', cursor),
        'the aggregate': await list(at('/mcp'), 'tools/list', cursor),
        'another list': await list(of(server), 'prompts/list', cursor)
      }
      for (const [who, answer] of Object.entries(strangers)) assert.equal(codeOf(answer), -32602, `${server}, ${who}: ${JSON.stringify(answer).slice(0, 300)}`)
      for (const bad of spoilt(String(cursor)).filter((text) => text !== '' && text !== null)) assert.equal(codeOf(await list(of(server), 'tools/list', bad)), -32602, `${server} ${String(bad).slice(0, 40)}`)
      const second = await list(of(server), 'tools/list', cursor)
      assert.ok(((second.result?.['tools'] ?? []) as unknown[]).length > 0)
    }
  })

  it('a task: neither seen, answered nor cancelled by another user, tenant, server or endpoint, nor by a changed id; its owner sees it through', async () => {
    const declared: RequestOptions = { capabilities: { extensions: { [TASKS]: {} } } }
    for (const server of ['http-modern', 'stdio-modern']) {
      const alice = of(server)
      const { result } = await alice.request('tools/call', { name: 'slow_compute', arguments: { seconds: 3000, label: 'mine' } }, declared)
      const taskId = result?.['taskId']
      assert.equal(typeof taskId, 'string', JSON.stringify(result))
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
        const use = (wire: ModernWire, id: unknown = taskId): Promise<JsonRpc> => wire.request(method, { taskId: id, ...(method === 'tasks/update' && { inputResponses: {} }) }, typeof id === 'string' ? declared : { ...declared, headers: { 'mcp-name': 'x' } })
        for (const [who, wire] of [['another user', of(server, 'bob')], ['another tenant', of(server, 'alice2')], ['another server', of('other')], ['the aggregate', at('/mcp')]] as const) {
          assert.equal(codeOf(await use(wire)), -32602, `${server} ${method}, ${who}`)
        }
        // What no header can say is refused for that: those ids are strings that headers can hold.
        for (const bad of spoilt(String(taskId)).filter((id) => typeof id === 'string' && id.length < 10_000 && id.trim() === id && id !== '')) assert.equal(codeOf(await use(alice, bad)), -32602, `${method} ${String(bad).slice(0, 40)}`)
      }
      const seen = await alice.request('tasks/get', { taskId }, declared)
      assert.deepEqual([seen.result?.['taskId'], seen.result?.['status']], [taskId, 'working'])
      assert.equal((await alice.request('tasks/cancel', { taskId }, declared)).error, undefined)
      assert.equal((await alice.request('tasks/get', { taskId }, declared)).result?.['status'], 'cancelled')
    }
  })

  it('a task of a session: the same, and tasks/list shows only one\'s own', async () => {
    const server = 'http-legacy'
    const [alice, bob, other] = [gateway.wire('alice', server), gateway.wire('bob', server), gateway.wire('alice', 'sse')]
    for (const wire of [alice, bob, other]) await wire.open({ capabilities: { tasks: {} } })
    const started = await alice.request('tools/call', { name: 'may_task', arguments: { ms: 60_000 }, task: { ttl: 120_000 } })
    const { taskId } = (started.result?.['task'] ?? {}) as { taskId?: string }
    assert.equal(typeof taskId, 'string', JSON.stringify(started))
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
      for (const wire of [bob, other]) assert.equal(codeOf(await wire.request(method, { taskId })), -32602, method)
      for (const bad of ['x', taskId?.slice(1), `${taskId}A`]) assert.equal(codeOf(await alice.request(method, { taskId: bad })), -32602, method)
    }
    const idsOf = async (wire: typeof alice): Promise<unknown[]> => ((await wire.request('tasks/list')).result?.['tasks'] as Array<{ taskId: string }>).map((task) => task.taskId)
    assert.deepEqual([await idsOf(alice), await idsOf(bob)], [[taskId], []])
    assert.equal((await alice.request('tasks/cancel', { taskId })).error, undefined)
  })

  it('what a rule hides is answered as what is not there, in body and headers, and takes the same time (T25)', async (t) => {
    const [own, all] = [of('ruled'), at('/mcp')]
    await all.request('tools/list')
    const shape = async (wire: ModernWire, method: string, params: Record<string, unknown>): Promise<unknown> => {
      const answer: Exchange = await wire.begin(method, params, { id: 7 })
      await answer.ended
      const { 'x-request-id': _id, date: _date, ...headers } = answer.headers
      return { status: answer.status, headers, body: answer.body() }
    }
    const pairs: ReadonlyArray<readonly [method: string, hidden: Record<string, unknown>, unknown: Record<string, unknown>]> = [
      ['tools/call', { name: 'whoami', arguments: {} }, { name: 'wnothing', arguments: {} }],
      ['prompts/get', { name: 'test_simple_prompt' }, { name: 'nothing' }],
      ['resources/read', { uri: 'test://watched-resource' }, { uri: 'test://nothing' }],
      ['completion/complete', { ref: { type: 'ref/prompt', name: 'test_simple_prompt' }, argument: { name: 'a', value: 'b' } }, { ref: { type: 'ref/prompt', name: 'nothing' }, argument: { name: 'a', value: 'b' } }]
    ]
    const aggregated = ({ name, uri, ref, ...rest }: { name?: unknown, uri?: unknown, ref?: { name: string } }): Record<string, unknown> =>
      ({ ...rest, ...(name === undefined ? {} : { name: `ruled__${String(name)}` }), ...(uri === undefined ? {} : { uri: `ruled+${String(uri)}` }), ...(ref === undefined ? {} : { ref: { ...ref, name: `ruled__${ref.name}` } }) })
    for (const [method, hidden, unknown] of pairs) {
      assert.deepEqual(await shape(own, method, hidden), await shape(own, method, unknown), method)
      assert.deepEqual(await shape(all, method, aggregated(hidden)), await shape(all, method, aggregated(unknown)), `aggregate, ${method}`)
      assert.match(JSON.stringify(await shape(own, method, hidden)), /-32602/)
    }
    const times: [number[], number[]] = [[], []]
    for (let round = 0; round < 200; round++) {
      for (const [which, name] of ['whoami', 'wnothing'].entries()) {
        const startMs = performance.now()
        await own.call(name)
        times[which]?.push(performance.now() - startMs)
      }
    }
    const [hiddenMs = 0, unknownMs = 0] = times.map(lowerQuartileOf)
    t.diagnostic(`lower quartiles ${hiddenMs.toFixed(2)} and ${unknownMs.toFixed(2)} ms`)
    assert.ok(Math.abs(hiddenMs - unknownMs) < 2)
    // A server that is not the tenant's is one that does not exist: the session's and the modern face's 404 are alike.
    const listed = await own.request('tools/list')
    assert.doesNotMatch(JSON.stringify(listed), /whoami|big_text/)
  })
})

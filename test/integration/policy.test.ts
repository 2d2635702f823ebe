/** Rules about arguments and the decision point of the operator's own, by every way to call a tool (T53). */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'
import { toolFaces } from '../helpers/tool-faces.ts'
import { until } from '../helpers/until.ts'

type Json = Record<string, unknown>

describe('policy', () => {
  let gateway: TestGateway
  let hook: Server
  const asked: Json[] = []
  let answer: (question: Json) => Json | undefined = () => ({ allow: true })

  before(async () => {
    hook = createServer((request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => {
        const question = JSON.parse(text) as Json
        asked.push({ ...question, headers: request.headers })
        const said = answer(question)
        if (said === undefined) response.destroy()
        else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said))
      })
    }).listen(0, '127.0.0.1')
    await once(hook, 'listening')
    const below = { type: 'object', properties: { value: { type: 'string', pattern: '^public-' } }, required: ['value'] }
    gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob', roles: ['blind'] }],
      config: {
        mcpServers: { notes: probe() },
        tenants: { acme: { rules: [{ tools: ['notes__put'], arguments: below, effect: 'allow', message: 'Only public notes.' }] } },
        roles: { blind: { tools: { deny: ['notes__put'] } } },
        policy: { hook: { url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/decide`, allowPrivateNetwork: true, headers: { authorization: 'Bearer own' } } },
        limits: roomyLimits
      }
    })
  })
  after(async () => {
    await gateway.stop()
    hook.closeAllConnections()
    hook.close()
  })

  it('arguments that a rule does not allow are refused in its words, with the place; neither the hook nor the server sees the call', async () => {
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'alice', 'notes'))) {
      const { error } = await call('put', { value: 'secret-1' })
      assert.deepEqual([error?.code, error?.message], [40301, 'Only public notes. (arguments.value)'], face)
      assert.match((await call('put', '{"value":"secret-1","value":"public-1"}')).error?.message ?? '', /twice/, face)
    }
    assert.ok(asked.every(({ name }) => name !== 'put'))
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'alice', 'notes'))) assert.ok((await call('put', { value: 'public-1' })).result, face)
    const line = await until('the audit line', () => gateway.logs().find((entry) => entry['audit'] === 'call' && entry['tool'] === 'put' && entry['outcome'] === 'refused'))
    assert.equal(line['code'], 'GW_POLICY_DENIED')
  })

  it('what is hidden from somebody stays unknown to them, whatever its rules say', async () => {
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'bob', 'notes'))) {
      assert.deepEqual(await call('put', { value: 'secret-1' }), await call('nope', { value: 'secret-1' }), face)
    }
  })

  it('the hook is told who wants what, never the credential of the caller', async () => {
    const args = { text: 'x' }
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'alice', 'notes'))) {
      asked.length = 0
      assert.ok((await call('echo', args)).result, face)
      const [{ headers, request_id: id, ...question } = {}, ...more] = asked
      assert.deepEqual(more, [], face)
      const { credential_id: credential, client_id: client, ...rest } = question
      assert.deepEqual(rest, { version: 1, tenant: 'acme', user: 'alice', issuer: 'apikey', server: 'notes', kind: 'tool', method: 'tools/call', name: 'echo', arguments_sha256: createHash('sha256').update(JSON.stringify(args)).digest('hex') }, face)
      assert.equal(typeof id, 'string')
      assert.equal(credential, client)
      assert.equal((headers as Json)['authorization'], 'Bearer own')
      assert.ok(!JSON.stringify(asked).includes(gateway.keyOf('alice').text))
    }
  })

  it('its no is told in its words, and is no call: nothing is charged or run', async () => {
    answer = ({ name }) => name === 'echo' ? { allow: false, message: 'Not on Sundays.' } : { allow: true }
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'alice', 'notes'))) {
      const { error } = await call('echo', { text: 'x' })
      assert.deepEqual([error?.code, error?.message], [40301, 'Not on Sundays.'], face)
      assert.ok((await call('get', {})).result, face)
    }
  })

  it('without its answer nothing goes: closed, and retryable', async () => {
    answer = () => undefined
    const faces = await toolFaces(gateway, 'alice', 'notes')
    const call = faces['session, server']
    const { error } = await call?.('get', {}) ?? {}
    assert.deepEqual([error?.code, error?.message], [50301, 'Nobody can decide right now whether this call is allowed. Try again shortly.'])
    answer = () => ({ allow: true })
    await until('it is asked again', async () => (await call?.('get', {}))?.result !== undefined)
    const metrics = await (await fetch(`${gateway.managementUrl}/metrics`)).text()
    for (const outcome of ['allowed', 'denied', 'away']) assert.match(metrics, new RegExp(`drawbridge_policy_hook_seconds_count\\{outcome="${outcome}"\\} [1-9]`))
    for (const kind of ['arguments', 'hook']) assert.match(metrics, new RegExp(`drawbridge_policy_refusals_total\\{kind="${kind}"\\} [1-9]`))
  })
})

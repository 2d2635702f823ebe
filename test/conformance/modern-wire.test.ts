import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { send } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH } from '../helpers/legacy-wire.ts'
import { missing } from '../helpers/programs.ts'
import { modernServers, startEveryFixture, type EveryFixture } from './every-fixture.ts'
import { modernSet, testAlone, testSet, without } from './server-sets.ts'

const tasks = 'the extension has no counterpart in what the server speaks'
const scenariosOfTasks = [
  'lifecycle', 'capability-negotiation', 'wire-fields', 'request-state-removal', 'mrtr-input', 'request-headers', 'dispatch-and-envelope', 'required-task-error', 'mrtr-composition'
].map((name) => `tasks-${name}`)

/** What cannot be had from a server that asks its questions as requests of its own. */
const notFromLegacy = {
  'input-required-result-basic-elicitation': 'wants the key user_name; such a server gives its questions no keys',
  'input-required-result-ignore-extra-params': 'answers without a requestState, which here is all that leads back to the waiting call',
  ...Object.fromEntries(scenariosOfTasks.map((name) => [name, tasks]))
}

/**
 * Scenarios that leave off while a question is open. The call that asked goes on waiting, and on a channel where a question does not
 * say which call it belongs to, nobody can be asked while two calls of one worker are open; so each has a user, and with it a worker,
 * of its own.
 */
const asks = (name: string): boolean => name.startsWith('input-required-result-')
const users = missing('clients') === false ? modernSet().scenarios.filter(asks) : []

/** 2026-07-28, whatever the server speaks and however it is reached. */
describe('the gateway, 2026-07-28 before every kind of server', { skip: missing('clients'), concurrency: 2 }, () => {
  if (missing('clients') !== false) return
  let all: EveryFixture
  before(async () => {
    all = await startEveryFixture(users)
    await Promise.all((['stdio-dual', 'stdio-modern', 'stdio-legacy'] as const).map((server) => warmUp(all.endpoint(server))))
  })
  after(async () => { await all.stop() })

  for (const server of modernServers) testSet(server, modernSet(), () => all.endpoint(server))

  const set = without(modernSet(), notFromLegacy)
  testSet('http-legacy', set, () => all.endpoint('http-legacy'))
  for (const server of ['stdio-legacy', 'sse'] as const) {
    testSet(server, { ...set, scenarios: set.scenarios.filter((name) => !asks(name)) }, () => all.endpoint(server))
    testAlone(server, { ...set, scenarios: set.scenarios.filter(asks) }, (scenario) => all.endpoint(server, scenario))
  }
})

/**
 * The suite reads some streams for half a second and no longer, and the start of a process is not what it looks at. What a client
 * declares decides about its worker, so there is one call for each set of capabilities that such a scenario declares.
 */
async function warmUp (url: string): Promise<void> {
  for (const capabilities of [{}, { elicitation: {} }, { sampling: {} }]) {
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': capabilities }
    const { status } = await send(url, {
      headers: { accept: ACCEPT_BOTH, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'greet' },
      body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'greet', arguments: { name: 'you' }, _meta: meta } }
    })
    assert.equal(status, 200)
  }
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bridgedCapabilities, capabilitiesFor, clientUnderstands } from '../../../src/bridge/client-capabilities.ts'
import type { JsonObject } from '../../../src/protocol/index.ts'
import { fingerprint } from '../../../src/upstream/index.ts'
import { serverSettings } from '../../helpers/server-settings.ts'

const UI = 'io.modelcontextprotocol/ui'
const APPS = { extensions: { [UI]: { mimeTypes: ['text/html;profile=mcp-app'] } } }

describe('what is kept of a client\'s capabilities', () => {
  for (const [client, kept] of [
    [{}, {}],
    [{ sampling: {} }, { sampling: {} }],
    [{ sampling: { context: {}, tools: { x: 1 } } }, { sampling: { tools: {} } }],
    [{ sampling: true, elicitation: [], roots: null }, {}],
    [{ elicitation: {} }, { elicitation: {} }],
    [{ elicitation: { form: {} } }, { elicitation: {} }],
    [{ elicitation: { url: {} } }, { elicitation: { url: {} } }],
    [{ elicitation: { form: { a: 1 }, url: {} } }, { elicitation: { form: {}, url: {} } }],
    [{ roots: {} }, { roots: { listChanged: true } }],
    [{ extensions: { [UI]: { mimeTypes: ['text/html;profile=mcp-app', 'x/y'] }, other: {} } }, APPS],
    [{ extensions: { [UI]: {} } }, APPS],
    [{ extensions: { [UI]: { mimeTypes: ['x/y'] } } }, {}],
    [{ experimental: { big: 'x'.repeat(1000) }, tasks: {} }, {}]
  ] as ReadonlyArray<[JsonObject, JsonObject]>) {
    it(JSON.stringify(client).slice(0, 90), () => assert.deepEqual(bridgedCapabilities(client), kept))
  }

  it('clients of one fingerprint declare the same, so that their worker promises what each of them can do', () => {
    const parts: JsonObject[] = [{}, { sampling: {} }, { sampling: { tools: {} } }, { elicitation: {} }, { elicitation: { form: {} } }, { elicitation: { url: {} } }, { elicitation: { form: {}, url: {} } }, { roots: {} }, APPS, { extensions: { [UI]: { mimeTypes: ['x/y'] } } }]
    const byFingerprint = new Map<string, string>()
    for (const one of parts) {
      for (const other of parts) {
        const declared = capabilitiesFor(serverSettings(), bridgedCapabilities({ ...one, ...other }))
        const known = byFingerprint.get(fingerprint(declared))
        if (known !== undefined) assert.equal(JSON.stringify(declared), known)
        byFingerprint.set(fingerprint(declared), JSON.stringify(declared))
      }
    }
    assert.ok(byFingerprint.size > 10)
  })
})

describe('what is declared to a server (rulings 1)', () => {
  const client = bridgedCapabilities({ sampling: {}, elicitation: {}, roots: {}, ...APPS })

  it('everything the client has, to a worker of one user', () => {
    for (const isolation of ['user', 'session', 'call'] as const) assert.deepEqual(capabilitiesFor(serverSettings({ isolation }), client), client)
  })

  it('nothing to a worker that several users share, whatever the entry says', () => {
    for (const isolation of ['shared', 'tenant'] as const) {
      for (const capabilities of ['client', { fixed: { sampling: {}, roots: {} } }] as const) assert.deepEqual(capabilitiesFor(serverSettings({ isolation, capabilities }), client), {})
    }
  })

  it('what the operator fixed, whoever comes', () => {
    assert.deepEqual(capabilitiesFor(serverSettings({ capabilities: { fixed: { sampling: {}, tasks: {} } } }), client), { sampling: {} })
  })

  it('no roots where they are off', () => {
    assert.deepEqual(capabilitiesFor(serverSettings({ roots: 'off' }), bridgedCapabilities({ roots: {}, sampling: {} })), { sampling: {} })
    assert.deepEqual(capabilitiesFor(serverSettings({ roots: 'off', capabilities: { fixed: { roots: {} } } }), {}), {})
  })
})

describe('what a client may be sent', () => {
  for (const [capabilities, method, params, may] of [
    [{}, 'roots/list', undefined, false],
    [{ roots: {} }, 'roots/list', undefined, true],
    [{ roots: {} }, 'sampling/createMessage', undefined, false],
    [{ sampling: {} }, 'sampling/createMessage', { messages: [] }, true],
    [{ sampling: {} }, 'sampling/createMessage', { tools: [] }, false],
    [{ sampling: {} }, 'sampling/createMessage', { toolChoice: {} }, false],
    [{ sampling: { tools: {} } }, 'sampling/createMessage', { tools: [] }, true],
    [{ elicitation: {} }, 'elicitation/create', {}, true],
    [{ elicitation: {} }, 'elicitation/create', { mode: 'form' }, true],
    [{ elicitation: {} }, 'elicitation/create', { mode: 'url' }, false],
    [{ elicitation: { url: {} } }, 'elicitation/create', { mode: 'url' }, true],
    [{ elicitation: { url: {} } }, 'elicitation/create', {}, false],
    [{ elicitation: { form: {}, url: {} } }, 'elicitation/create', {}, true],
    [{ sampling: {}, elicitation: {}, roots: {}, tasks: {} }, 'tasks/list', {}, false],
    [{}, 'ping', undefined, false]
  ] as ReadonlyArray<[JsonObject, string, JsonObject | undefined, boolean]>) {
    it(`${JSON.stringify(capabilities)}: ${method} ${JSON.stringify(params)} ${may ? 'yes' : 'no'}`, () => assert.equal(clientUnderstands(capabilities, method, params), may))
  }
})

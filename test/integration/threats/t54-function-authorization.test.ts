/** T54 Scope and function authorization: a credential that may only read cannot write, whichever way it asks. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { probe, roomyLimits } from '../../helpers/server-entries.ts'
import { modernWire, toolFaces } from '../../helpers/tool-faces.ts'

const journal = join(tmpdir(), `drawbridge-t54-${randomBytes(6).toString('hex')}`)

function ranTools (): string[] {
  try {
    return readFileSync(journal, 'utf8').split('\n').filter((line) => line !== '').map((line) => line.split(' ')[1] ?? '')
  } catch {
    return []
  }
}

describe('T54: scopes and roles', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({
      users: [
        { tenant: 'acme', user: 'reader', scopes: ['tools:read'] },
        { tenant: 'acme', user: 'narrow', scopes: ['tools:read', 'tools:call:files__get'] },
        { tenant: 'acme', user: 'analyst', roles: ['analyst'] },
        { tenant: 'acme', user: 'looker', roles: ['looker'] },
        { tenant: 'acme', user: 'nobody', roles: [] }
      ],
      config: {
        mcpServers: { files: probe({ env: { PROBE_LOG: journal } }) },
        tenants: { acme: {} },
        roles: { analyst: { tools: { allow: ['files__get', 'files__put'], deny: ['files__put'] } }, looker: { scopes: ['tools:read'] } },
        limits: roomyLimits
      }
    })
  })
  after(() => gateway.stop())

  for (const user of ['reader', 'looker']) {
    it(`${user}: a tool that writes is 403 with the scopes it needs, in a session, a batch, a modern request and as plain JSON, at the server and over all servers`, async () => {
      for (const [face, call] of Object.entries(await toolFaces(gateway, user, 'files'))) {
        const { status, challenge, error } = await call('put', { value: 'x' })
        assert.match(error?.message ?? '', /lacks a scope/, face)
        // In a batch each call is answered in its place.
        if (face.includes('batch')) continue
        assert.equal(status, 403, face)
        assert.match(challenge ?? '', /error="insufficient_scope"/, face)
        assert.match(challenge ?? '', /scope="tools:call"/, face)
      }
      assert.deepEqual(ranTools(), [])
    })
  }

  it('and so are a hidden tool and one that does not exist: nobody learns which is which', async () => {
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'reader', 'files'))) {
      const [hidden, unknown] = [await call('put', {}), await call('nope', {})]
      if (face.startsWith('batch')) continue
      assert.deepEqual({ ...hidden, error: hidden.error?.message }, { ...unknown, error: unknown.error?.message }, face)
    }
  })

  it('a scope for one tool opens that one', async () => {
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'narrow', 'files'))) {
      assert.ok((await call('get', {})).result, face)
      assert.match((await call('put', { value: 'x' })).error?.message ?? '', /lacks a scope/, face)
    }
    assert.deepEqual([...new Set(ranTools())], ['get'])
  })

  it('a role shows and opens what it names less what it denies; what it does not show is unknown', async () => {
    for (const path of ['/servers/files/mcp', '/mcp']) {
      const session = gateway.wire('analyst', path)
      await session.open()
      const prefix = path === '/mcp' ? 'files__' : ''
      for (const list of [await session.request('tools/list'), await modernWire(gateway, 'analyst', path).request('tools/list')]) {
        assert.deepEqual((list.result?.['tools'] as Array<{ name: string }>).map(({ name }) => name), [`${prefix}get`])
      }
    }
    for (const [face, call] of Object.entries(await toolFaces(gateway, 'analyst', 'files'))) {
      assert.ok((await call('get', {})).result, face)
      const [denied, unknown] = [await call('put', { value: 'x' }), await call('nope', { value: 'x' })]
      assert.deepEqual(denied, unknown, face)
      assert.match(denied.error?.message ?? '', /Unknown tool/, face)
    }
    assert.ok(!ranTools().includes('put'))
  })

  it('no role at all opens nothing, not even the server', async () => {
    const wire = modernWire(gateway, 'nobody', '/servers/files/mcp')
    assert.equal((await wire.begin('tools/list')).status, 404)
    wire.close()
    const all = modernWire(gateway, 'nobody', '/mcp')
    assert.equal((await all.begin('tools/list')).status, 403)
    all.close()
  })
})

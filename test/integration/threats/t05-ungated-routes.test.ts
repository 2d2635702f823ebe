/** T05: every route, verb and spelling of both listeners asks for a credential, but for a written list. */
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Agent, request } from 'node:http'
import type { RequestOptions } from 'node:http'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { brandAs } from '../../../src/shared/ids.ts'
import type { TenantId } from '../../../src/shared/ids.ts'
import { startEdge, startManagement } from '../../plugins/edge-app.ts'
import type { EdgeApp } from '../../plugins/edge-app.ts'
import { edgeSettings } from '../../plugins/settings.ts'

/** Open without a credential (rulings 2), and nothing else. */
const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const PROBES = ['/live', '/ready', '/health/ready', '/health']
const DOCUMENTATION = ['/openapi.json', '/docs', '/docs/start.js', '/docs/swagger-ui.js', '/docs/swagger-ui.css', '/docs/favicon.png']
const PUBLIC = new Set([...PROBES, ...DOCUMENTATION, WELL_KNOWN, `${WELL_KNOWN}/mcp`, `${WELL_KNOWN}/servers/notes/mcp`])
const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'TRACE']

describe('every route without a credential (T05)', () => {
  const routes = new Map<FastifyInstance, Set<string>>()
  const onInstance = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance }
    const urls = new Set<string>()
    routes.set(fastify, urls)
    fastify.addHook('onRoute', (route) => { urls.add(route.url) })
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  let edge: EdgeApp
  before(async () => {
    subscribe('fastify.initialization', onInstance)
    const { settings } = edgeSettings({ limits: { ipRequestsPerMinute: 1_000_000 }, http: { allowedOrigins: ['https://app.example'] }, auth: { oauth: { resource: 'https://mcp.example', authorizationServers: ['https://idp.example'] } } })
    edge = await startEdge({ settings })
    unsubscribe('fastify.initialization', onInstance)
  })
  after(async () => {
    agent.destroy()
    await edge.close()
  })

  test('answers 401, 404 or 405 in every spelling and verb, but for the written list', async () => {
    const urls = [...routes.get(edge.app) ?? []].filter((url) => url !== '*')
    assert.ok(urls.length >= 15, `only ${urls.length} routes were seen`)
    for (const path of [...urls, '/metrics', '/admin', '/admin/servers/notes', '/debug', '/docs/index.html', '/docs/json', '/docs/static/x', '/'].map(filled)) {
      const wrong: string[] = []
      await Promise.all(spellings(path).flatMap((spelling) => VERBS.map(async (method) => {
        const status = await statusOf({ port: edge.port, path: spelling, method, agent })
        const plain = spelling.replace('?x=1', '')
        const isOpen = (method === 'GET' && PUBLIC.has(plain)) || (method === 'HEAD' && PROBES.includes(plain))
        const isRight = isOpen ? status === 200 : [401, 404, 405].includes(status)
        if (!isRight) wrong.push(`${method} ${spelling} -> ${status}`)
      })))
      assert.deepEqual(wrong, [])
    }
  })

  test('the same for the operator\'s listener, with a token and without', async (t) => {
    for (const token of [undefined, 'a-management-token-for-tests']) {
      const operated = await startEdge({ settings: edgeSettings({ management: { host: '127.0.0.1', port: 0, ...(token === undefined ? {} : { token }) } }).settings })
      subscribe('fastify.initialization', onInstance)
      const { app, port } = await startManagement(t, operated)
      unsubscribe('fastify.initialization', onInstance)
      const urls = [...routes.get(app) ?? []].filter((url) => url !== '*')
      for (const expected of ['/metrics', '/admin/tokens', '/admin/tokens/revoke', '/admin/keys/:id/revoke', '/admin/reload', '/admin/servers/:name', '/admin/openapi.json']) assert.ok(urls.includes(expected), expected)
      const wrong: string[] = []
      for (const path of [...urls, '/mcp', '/status', '/'].map(filled)) {
        await Promise.all(spellings(path).flatMap((spelling) => VERBS.map(async (method) => {
          const status = await statusOf({ port, path: spelling, method, agent })
          const isOpen = /^\/metrics(?:\?x=1)?$/.test(spelling) && method === 'GET'
          if (isOpen ? status !== 200 : status !== (token === undefined ? 404 : 401)) wrong.push(`${method} ${spelling} -> ${status}`)
        })))
      }
      assert.deepEqual(wrong, [])
    }
  })

  test('an empty allow-list allows nothing, and an unknown server is not all servers', async (t) => {
    const { settings, key } = edgeSettings({ tenants: new Map([[brandAs<TenantId>('acme'), { servers: [], tools: { deny: [] }, limits: {} }]]) })
    const empty = await startEdge({ settings })
    t.after(() => empty.close())
    const body = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } }
    for (const path of ['/servers/notes/mcp', '/servers/nope/mcp', '/servers/nope', '/servers/nope/tools']) assert.equal((await empty.send(path, { headers: { ...key.bearer, accept: 'application/json, text/event-stream' }, body })).status, 404, path)
    assert.deepEqual((JSON.parse((await empty.send('/status', { headers: key.bearer })).body()) as { servers: unknown[] }).servers, [])
  })

  test('starts no worker and opens no session', async () => {
    const exposed = await edge.options.telemetry.expose()
    assert.doesNotMatch(exposed, /^drawbridge_(worker_spawn_total|sessions_total)\{[^}]*\} [1-9]/m)
  })

  test('tells unknown paths and known ones apart only with a credential', async () => {
    const unknown = await edge.send('/servers/nope/mcp')
    const known = await edge.send('/servers/notes/mcp')
    assert.equal(unknown.status, 401)
    assert.equal(known.body(), unknown.body())
  })
})

function filled (url: string): string {
  return url.replaceAll(/:[a-z]+/gi, 'notes').replace('*', 'x')
}

function spellings (path: string): string[] {
  const inner = path.slice(1)
  return [
    path,
    `//${inner}`,
    `/${inner}/`,
    `/${inner}//`,
    `/${inner.toUpperCase()}`,
    `/${inner.replaceAll('/', '%2f')}`,
    `/.%2f${inner}`,
    `/./${inner}`,
    `/x/../${inner}`,
    `/${inner}?x=1`,
    `/${inner};x`,
    `/${inner}%00`
  ].filter((spelling) => spelling !== '//' || path === '/')
}

/** Sends the path as it is; a URL object would tidy it up first. */
function statusOf (options: RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', ...options }, (answer) => {
      answer.resume().on('end', () => { resolve(answer.statusCode ?? 0) })
    }).on('error', reject).end()
  })
}

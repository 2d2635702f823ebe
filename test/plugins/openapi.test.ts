/** The OpenAPI documents of both listeners: valid, complete, of nothing else, and made of the catalogue (R55, T05, T59). */
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { after, before, describe, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { buildManagement } from '../../management.ts'
import { ERRORS } from '../../src/shared/errors.ts'
import type { ErrorCode } from '../../src/shared/errors.ts'
import { contractOf, escaped } from '../helpers/openapi.ts'
import type { OpenapiDocument } from '../helpers/openapi.ts'
import { startEdge } from './edge-app.ts'
import type { EdgeApp } from './edge-app.ts'
import { edgeSettings } from './settings.ts'

const TOKEN = 'a-management-token-for-tests'
const PUBLIC_URL = 'https://mcp.example/gateway'

/** Routes as Fastify was told of them, by instance. */
const tables = new Map<FastifyInstance, RouteOptions[]>()
function onInstance (message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  const routes: RouteOptions[] = []
  tables.set(fastify, routes)
  fastify.addHook('onRoute', (route) => { routes.push(route) })
}

function operationsOf (document: OpenapiDocument): string[] {
  return Object.entries(document.paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`)).sort()
}

/** Routes but for the answers to preflights, which have no path, and HEAD, which is GET. */
function routesOf (app: FastifyInstance): Array<RouteOptions & { readonly one: string, readonly path: string }> {
  return (tables.get(app) ?? []).flatMap((route) => [route.method].flat().map((one) => ({ ...route, one: String(one), path: route.url.replaceAll(/:(\w+)/g, '{$1}') })))
    .filter(({ one, path }) => one !== 'HEAD' && path !== '*')
}

async function assertValid (document: OpenapiDocument): Promise<void> {
  const { valid, errors } = await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>)
  assert.ok(valid, JSON.stringify(errors))
  assert.equal(document.openapi, '3.1.0')
}

describe('the OpenAPI document', () => {
  const { settings, key } = edgeSettings({
    http: { publicUrl: PUBLIC_URL, allowedHosts: ['127.0.0.1', 'internal-7f3a.example'] },
    limits: { ipRequestsPerMinute: 1000 },
    management: { host: '127.0.0.1', port: 0, token: TOKEN },
    auth: { oauth: { resource: 'https://mcp.example', authorizationServers: ['https://idp.example'] } }
  })
  let edge: EdgeApp
  let management: FastifyInstance
  let document: OpenapiDocument
  before(async () => {
    subscribe('fastify.initialization', onInstance)
    edge = await startEdge({ settings })
    management = await buildManagement(edge.options)
    unsubscribe('fastify.initialization', onInstance)
    document = JSON.parse((await edge.send('/openapi.json')).body()) as OpenapiDocument
  })
  after(async () => {
    await management.close()
    await edge.close()
  })

  test('is valid OpenAPI 3.1, and leads to the public URL', async () => {
    await assertValid(document)
    assert.deepEqual(document.servers.map(({ url }) => url), [PUBLIC_URL])
  })

  test('has every public route, and nothing that is none', async () => {
    const routes = routesOf(edge.app)
    assert.deepEqual(operationsOf(document), routes.filter(({ config }) => config?.docs !== undefined).map(({ one, path }) => `${one} ${path}`).sort())
    for (const { one, path, config } of routes.filter((route) => route.config?.docs === undefined)) {
      const aliasOf = config?.aliasOf?.replaceAll(/:(\w+)/g, '{$1}')
      if (config?.partOf !== undefined) assert.ok(document.paths[config.partOf], path)
      else if (aliasOf !== undefined) assert.ok(document.paths[aliasOf]?.[one.toLowerCase()]?.['x-aliases']?.includes(path), `${one} ${path}`)
      // Whatever is left says which methods there are.
      else assert.equal((await edge.send(path.replace('{name}', 'notes'), { method: one, headers: key.bearer })).status, 405, `${one} ${path}`)
    }
    assert.ok(operationsOf(document).length >= 20)
    for (const path of ['/metrics', '/admin/tokens', '/admin/openapi.json']) assert.equal(document.paths[path], undefined)
  })

  test('says of every operation what it is for, what it takes and how it refuses', () => {
    const ids = new Set<string>()
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const what = `${method} ${path}`
        ids.add(operation.operationId)
        assert.ok(operation.summary.length > 5 && operation.description.length > 15 && operation.tags.length === 1, what)
        const asked = (operation.parameters ?? []).map(({ name }) => name)
        if (path.includes('{name}')) assert.ok(asked.includes('name'), what)
        if (operation.tags[0] === 'MCP') assert.ok(asked.includes('Mcp-Session-Id') && asked.includes('MCP-Protocol-Version'), what)
        if (method === 'post' && !path.includes('messages')) assert.ok(asked.includes('Idempotency-Key'), what)
        for (const parameter of operation.parameters ?? []) assert.ok(parameter.description, `${what} ${parameter.name}`)
        const isOpen = operation.security?.length === 0
        for (const status of [401, 429, 503]) assert.equal(operation.responses[status] !== undefined, !isOpen || (status === 429 ? /docs|openapi/.test(path) : status === 503 && /ready|health/.test(path)), `${what} ${status}`)
      }
    }
    assert.equal(ids.size, operationsOf(document).length)
  })

  test('refuses in the words and numbers of the catalogue, and its examples are what it says', () => {
    const contract = contractOf(document)
    let seen = 0
    for (const [name, { content = {} }] of Object.entries(document.components.responses)) {
      for (const [code, { value }] of Object.entries(content['application/json']?.examples ?? {})) {
        const row = ERRORS[code as ErrorCode]
        assert.equal(row.status, Number(/\d+/.exec(name)?.[0]), `${name} ${code}`)
        assert.ok(JSON.stringify(value).includes(JSON.stringify(row.message).slice(1, -1)), code)
        contract.fits(`/components/responses/${name}/content/${escaped('application/json')}/schema`, value, `${name} ${code}`)
        seen++
      }
    }
    assert.ok(seen > 80, `${seen} examples`)
  })

  test('and the gateway refuses so', async () => {
    const contract = contractOf(document)
    const post = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    const asked: ReadonlyArray<readonly [method: string, path: string, status: number, options: Parameters<EdgeApp['send']>[1]]> = [
      ['POST', '/mcp', 401, { body: post }],
      ['POST', '/mcp', 400, { body: post, headers: { ...key.bearer, 'x-api-key': key.text } }],
      ['POST', '/mcp', 400, { body: post, headers: key.bearer }],
      ['POST', '/mcp', 400, { body: '{"', headers: { ...key.bearer, 'content-type': 'application/json' } }],
      ['POST', '/mcp', 403, { body: post, headers: { ...key.bearer, origin: 'https://evil.example' } }],
      ['POST', '/mcp', 404, { body: post, headers: { ...key.bearer, 'mcp-session-id': 'x' } }],
      ['POST', '/mcp', 406, { body: post, headers: { ...key.bearer, accept: 'text/html' } }],
      ['POST', '/mcp', 413, { body: { ...post, params: { x: 'x'.repeat(70_000) } }, headers: key.bearer }],
      ['POST', '/mcp', 415, { body: 'x', headers: { ...key.bearer, 'content-type': 'text/plain' } }],
      ['POST', '/mcp', 421, { body: post, headers: { ...key.bearer, host: 'evil.example' } }],
      ['GET', '/mcp', 405, { headers: { ...key.bearer, 'mcp-protocol-version': '2026-07-28' } }],
      ['POST', '/servers/{name}/mcp', 404, { body: post, headers: key.bearer }],
      ['POST', '/servers/{name}/tools', 404, { body: {}, headers: key.bearer }],
      ['POST', '/mcp/tools', 400, { body: {}, headers: key.bearer }],
      ['POST', '/mcp/tools', 401, { body: {} }],
      ['POST', '/messages/', 400, { body: post, headers: key.bearer }],
      ['GET', '/status', 401, {}],
      ['GET', '/live', 421, { headers: { host: 'evil.example' } }]
    ]
    for (const [method, path, status, options] of asked) {
      const answer = await edge.send(path.replace('{name}', 'nope'), { ...options, method })
      assert.equal(answer.status, status, `${method} ${path}: ${answer.body()}`)
      contract.answered(method, path, answer)
    }
  })

  test('names nobody and nothing of this gateway', async () => {
    const text = JSON.stringify(document) + (await edge.send('/docs')).body() + (await edge.send('/docs/start.js')).body()
    for (const secret of [TOKEN, key.text, settings.auth.apiKeys[0]?.sha256 ?? '', 'notes', 'acme', 'alice', 'internal-7f3a', '127.0.0.1', 'localhost', 'idp.example', settings.stateDir, '8081']) {
      assert.ok(!text.includes(secret), secret)
    }
  })

  test('costs routes nothing: Fastify was told of no schema, and made no validator or serialiser', () => {
    for (const { one, path, schema } of routesOf(edge.app)) assert.equal(schema, undefined, `${one} ${path}`)
  })

  test("the operator's listener has one of its own, for the token only", async () => {
    assert.equal((await management.inject('/admin/openapi.json')).statusCode, 401)
    const answer = await management.inject({ url: '/admin/openapi.json', headers: { authorization: `Bearer ${TOKEN}` } })
    const own = answer.json<OpenapiDocument>()
    await assertValid(own)
    assert.deepEqual(operationsOf(own), routesOf(management).map(({ one, path }) => `${one} ${path}`).sort())
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.ok(!answer.body.includes(TOKEN))
  })
})

test('the documentation is made once, kept by browsers, and counted by address', async (t) => {
  const edge = await startEdge({ settings: edgeSettings({ limits: { ipRequestsPerMinute: 10 }, http: { allowedOrigins: ['https://app.example'] } }).settings })
  t.after(() => edge.close())
  const first = await edge.send('/openapi.json')
  assert.deepEqual([first.status, first.headers['cache-control'], first.headers['content-type']], [200, 'public, max-age=300', 'application/json; charset=utf-8'])
  const etag = String(first.headers.etag)
  assert.equal((await edge.send('/openapi.json', { headers: { 'if-none-match': `"other", ${etag}` } })).status, 304)
  const compressed = await edge.send('/openapi.json', { headers: { 'accept-encoding': 'gzip', origin: 'https://app.example' } })
  assert.deepEqual([compressed.headers['content-encoding'], compressed.headers.vary, compressed.headers.etag], ['gzip', 'Origin, Accept-Encoding', etag])
  assert.ok(Number(compressed.headers['content-length']) < 15_000)
  assert.equal((await edge.send('/openapi.json', { headers: { 'accept-encoding': 'gzip;q=0' } })).headers['content-encoding'], undefined)
  const page = await edge.send('/docs')
  assert.match(String(page.headers['content-security-policy']), /^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'$/)
  assert.doesNotMatch(page.body(), /<script>|<style|\son\w+=|https?:/)
  for (const path of ['/openapi.json', '/live', '/docs/start.js']) assert.equal((await edge.send(path)).headers['content-security-policy'], "default-src 'none';frame-ancestors 'none'")
  const refused = await edge.send('/docs', { headers: { host: 'evil.example' } })
  assert.deepEqual([refused.status, refused.headers['cache-control']], [421, 'no-store'])
  let last = page
  for (let at = 0; at < 10 && last.status === 200; at++) last = await edge.send('/docs')
  assert.deepEqual([last.status, last.headers['cache-control']], [429, 'no-store'])
  assert.ok(Number(last.headers['retry-after']) >= 1)
  assert.equal((await edge.send('/live')).status, 200)
})

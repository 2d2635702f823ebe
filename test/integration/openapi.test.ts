/** The API documentation as its readers use it: its examples are sent as they stand, its page is opened in a browser (R55). */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { META } from '../../src/protocol/index.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { send } from '../helpers/http-exchange.ts'
import { startStackNginx } from '../helpers/nginx-stack.ts'
import { contractOf } from '../helpers/openapi.ts'
import type { Contract, OpenapiDocument } from '../helpers/openapi.ts'
import { findProgram, importClient, missing, officialServer } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'

/** As far as this test uses it. */
interface Playwright { readonly chromium: { launch (options: object): Promise<Browser> } }
interface Browser { newPage (options: object): Promise<Page>, close (): Promise<void> }
interface Locator { click (): Promise<void>, fill (text: string): Promise<void>, count (): Promise<number>, allTextContents (): Promise<string[]>, waitFor (options?: object): Promise<void>, first (): Locator, locator (selector: string, options?: object): Locator, textContent (): Promise<string | null> }
interface Page {
  setDefaultTimeout (timeoutMs: number): void
  on (event: string, listener: (value: { type (): string, text (): string, url (): string }) => void): void
  addInitScript (script: string): Promise<void>
  goto (url: string): Promise<unknown>
  locator (selector: string, options?: object): Locator
  evaluate<T> (script: string): Promise<T>
}

/**
 * Was a visit cut short, so that it says nothing of the page? Tests beside this one make network interfaces, and whenever one comes or
 * goes Chromium gives up what it is loading: it says so, and what is waited for on the page does not come. A visit in which anything
 * else is wrong counts.
 */
function isCutShort (complaints: readonly string[], failure: unknown): boolean {
  const said = failure === undefined ? complaints : [...complaints, String(failure)]
  return said.some((text) => NETWORK_CHANGED.test(text)) && said.every((text) => NETWORK_CHANGED.test(text) || NOT_COME.test(text))
}

const NETWORK_CHANGED = /net::ERR_NETWORK_CHANGED/
const NOT_COME = /^TimeoutError: locator\./

describe('the API documentation', { skip: missing('clients', 'chromium', 'curl', 'nginx') }, () => {
  let gateway: TestGateway
  let document: OpenapiDocument
  let contract: Contract
  before(async () => {
    gateway = await startGateway({ config: { mcpServers: { everything: officialServer('everything') }, limits: roomyLimits } })
    document = JSON.parse((await send(`${gateway.url}/openapi.json`)).body()) as OpenapiDocument
    contract = contractOf(document)
  })
  after(() => gateway.stop())

  /** Sends an example to its operation, and holds the answer against what is said of it. */
  const tryOut = async (method: string, path: string, body: unknown, headers: Readonly<Record<string, string>>) => {
    const { bearer } = gateway.keyOf('alice')
    const answer = await send(gateway.url + path.replace('{name}', 'everything'), { method, headers: { ...bearer, ...headers }, ...(body === undefined ? {} : { body }) })
    contract.answered(method, path, answer)
    return answer
  }

  for (const path of ['/mcp', '/servers/{name}/mcp']) {
    it(`the examples of ${path} are answered as it says`, async () => {
      const examples = contract.operation('POST', path).requestBody?.content['application/json']?.examples ?? {}
      assert.deepEqual(Object.keys(examples), ['initialize', 'initialized', 'list', 'call', 'modern'])
      let session: Record<string, string> = {}
      for (const [name, { value }] of Object.entries(examples)) {
        const { method, params } = value as { method: string, params?: { name?: string, _meta?: Record<string, string> } }
        const version = params?._meta?.[META.protocolVersion]
        const answer = await tryOut('POST', path, value, version === undefined ? session : { 'mcp-protocol-version': version, 'mcp-method': method, 'mcp-name': params?.name ?? '' })
        assert.equal(answer.status, name === 'initialized' ? 202 : 200, answer.body())
        if (name === 'initialize') session = { 'mcp-session-id': String(answer.headers['mcp-session-id']), 'mcp-protocol-version': '2025-11-25' }
        if (params?.name !== undefined) assert.match(answer.body(), /"Echo: hello"/)
        assert.doesNotMatch(answer.body(), /"error":/)
      }
      assert.equal((await tryOut('DELETE', path, undefined, session)).status, 204)
    })
  }

  for (const [path, expected] of [['/mcp/tools', [true]], ['/mcp/tools/batch', [true, false]], ['/servers/{name}/tools', [true]], ['/servers/{name}/tools/batch', [true, false]]] as const) {
    it(`the examples of ${path} are answered as it says`, async () => {
      const [[, { value }] = ['', { value: undefined }]] = Object.entries(contract.operation('POST', path).requestBody?.content['application/json']?.examples ?? {})
      const answer = await tryOut('POST', path, value, {})
      assert.equal(answer.status, 200)
      const said = contract.operation('POST', path).responses[200]
      const examples = Object.values('$ref' in (said ?? {}) ? {} : (said as { content: Record<string, { examples: Record<string, { value: unknown }> }> }).content['application/json']?.examples ?? {})
      assert.deepEqual(JSON.parse(answer.body()), examples[0]?.value)
      assert.deepEqual(([JSON.parse(answer.body())].flat() as Array<{ ok: boolean }>).map(({ ok }) => ok), expected)
    })
  }

  it('what anybody may ask, and the state of servers, looks as it says', async () => {
    for (const path of ['/live', '/ready', '/health', '/status', '/openapi.json', '/docs']) assert.equal((await tryOut('GET', path, undefined, {})).status, 200, path)
    const examples = Object.entries(document.paths).flatMap(([path, operations]) => Object.entries(operations).flatMap(([method, { responses }]) => Object.entries(responses).flatMap(([status, response]) => {
      return '$ref' in response ? [] : Object.entries(response.content ?? {}).flatMap(([type, { examples: all = {} }]) => Object.values(all).map(({ value }) => ({ path, method, status, type, value })))
    })))
    for (const { path, method, status, type, value } of examples) {
      contract.answered(method, path, { status: Number(status), headers: { 'content-type': type, 'x-request-id': 'x', 'retry-after': '1' }, body: () => type === 'application/json' ? JSON.stringify(value) : String(value) })
    }
    assert.ok(examples.length > 15)
  })

  it('the commands of docs/api.md run as they stand there, and say what the page says', async () => {
    const page = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8')
    const shown = [...page.matchAll(/```sh\n([\s\S]*?)```(?:\n\n```json\n([\s\S]*?)```)?/g)]
    assert.equal(shown.length, 4)
    for (const [, command = '', answer] of shown) {
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', command], { env: { PATH: process.env['PATH'], DRAWBRIDGE_URL: gateway.url, DRAWBRIDGE_KEY: gateway.keyOf('alice').text } })
      if (answer === undefined) assert.match(stdout, /"servers":\[|"tools":\[/)
      else assert.deepEqual(JSON.parse(stdout), JSON.parse(answer))
    }
  })

  for (const by of ['itself', 'nginx over TLS'] as const) {
    it(`/docs is a page that works, by ${by}: nothing is refused by its policy, nothing comes from elsewhere, and calls can be tried out`, (t) => browse(t, by))
  }

  async function browse (t: TestContext, by: 'itself' | 'nginx over TLS'): Promise<void> {
    const nginx = by === 'itself' ? undefined : await startStackNginx({ targets: [{ name: 'b1', port: Number(new URL(gateway.url).port) }] })
    t.after(async () => { await nginx?.stop() })
    const url = nginx?.url ?? gateway.url
    const { chromium } = await importClient<Playwright>('playwright-core/index.mjs')
    const browser = await chromium.launch({ executablePath: findProgram('chromium'), args: ['--no-sandbox'] })
    t.after(() => browser.close())
    for (let visits = 1; ; visits++) {
      const complaints: string[] = []
      const visited = visit(await browser.newPage({ ignoreHTTPSErrors: true }), url, complaints)
      const failure = await visited.then(() => undefined, (error: unknown) => error)
      if (visits < 5 && isCutShort(complaints, failure)) continue
      assert.ifError(failure)
      return assert.deepEqual(complaints, [])
    }
  }

  async function visit (page: Page, url: string, complaints: string[]): Promise<void> {
    page.setDefaultTimeout(60_000)
    const asked = new Set<string>()
    page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()) })
    page.on('pageerror', (error) => { complaints.push(String(error)) })
    page.on('request', (request) => { asked.add(new URL(request.url()).origin) })
    await page.addInitScript("window.violations = []; document.addEventListener('securitypolicyviolation', (event) => { window.violations.push(event.violatedDirective + ' ' + event.blockedURI) })")
    await page.goto(`${url}/docs`)
    await page.locator('.opblock').first().waitFor()
    const shown = (await page.locator('.opblock-summary-path').allTextContents()).map((text) => text.replaceAll('\u200b', ''))
    assert.deepEqual([...new Set(shown)].sort(), Object.keys(document.paths).sort())
    await page.locator('button.authorize').first().click()
    await page.locator('.auth-container', { hasText: 'X-API-Key' }).locator('input').fill(gateway.keyOf('alice').text)
    await page.locator('.auth-container', { hasText: 'X-API-Key' }).locator('button[type=submit]').click()
    await page.locator('button.btn-done').first().click()
    const tool = page.locator('#operations-Tools-callTool')
    await tool.locator('.opblock-summary-control').click()
    await tool.locator('button.try-out__btn').click()
    await tool.locator('button.execute').click()
    const answer = tool.locator('.live-responses-table .response .microlight, .live-responses-table .response code').first()
    await answer.waitFor()
    assert.match(String(await answer.textContent()), /Echo: hello/)
    assert.deepEqual(await page.evaluate<string[]>('window.violations'), [])
    assert.deepEqual([...asked].filter((origin) => origin !== 'null'), [url])
  }
})

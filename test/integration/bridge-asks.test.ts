/** Servers of either era ask clients of the other one, over every transport: real servers, real clients (C4, C5 of the bridges; rulings 1). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { KINDS, startFixtureUpstreams, type FixtureUpstreams } from '../helpers/fixture-upstreams.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { connectClient } from '../helpers/mcp-clients.ts'
import { MODERN } from '../helpers/modern-wire.ts'
import { importClient, missing, officialServer } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'

type Handler = (request: { readonly params?: { readonly mode?: string, readonly url?: string } }) => unknown

interface Asked {
  callTool (name: string, args?: Record<string, unknown>): Promise<string>
  /** Methods that the server asked, in order; pages by their URL. */
  readonly seen: string[]
  close (): Promise<void>
}

interface ClientV2 {
  connect (transport: unknown): Promise<void>
  close (): Promise<void>
  setRequestHandler (method: string, handler: Handler): void
  callTool (params: { name: string, arguments: Record<string, unknown> }): Promise<{ readonly content: ReadonlyArray<{ readonly text?: string }> }>
}

interface SdkV2 {
  readonly Client: new (info: object, options: object) => ClientV2
  readonly StreamableHTTPClientTransport: new (url: URL, options: object) => unknown
}

interface Target { readonly url: string, readonly headers: Readonly<Record<string, string>>, readonly label: string }

const textOf = (content: ReadonlyArray<{ readonly text?: string }>): string => content.map(({ text = '' }) => text).join('\n')

/** SDK v2, held to the modern era: what it is asked comes as `input_required`, and it answers by itself. */
async function modernClient ({ url, headers, label }: Target): Promise<Asked> {
  const sdk = await importClient<SdkV2>('@modelcontextprotocol/client/dist/index.mjs')
  const client = new sdk.Client({ name: 'modern', version: '1.0.0' }, {
    capabilities: { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} },
    versionNegotiation: { mode: { pin: MODERN } }
  })
  const seen: string[] = []
  const answering = (method: string, answer: unknown): void => {
    client.setRequestHandler(method, ({ params }) => {
      seen.push(params?.mode === 'url' ? String(params.url) : method)
      return params?.mode === 'url' ? { action: 'accept' } : answer
    })
  }
  answering('sampling/createMessage', { role: 'assistant', model: 'test-model', content: { type: 'text', text: `sampled by ${label}` } })
  answering('elicitation/create', { action: 'accept', content: { name: label, username: label, word: label, check: true } })
  answering('roots/list', { roots: [{ uri: 'file:///', name: label }] })
  await client.connect(new sdk.StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
  return {
    seen,
    callTool: async (name, args = {}) => textOf((await client.callTool({ name, arguments: args })).content),
    close: () => client.close()
  }
}

/** SDK v1, which knows sessions only. */
const sessionClient = (kind: 'sdk1-http' | 'sdk1-sse') => async ({ url, headers, label }: Target): Promise<Asked> => {
  const client = await connectClient(kind, { url, headers, label, roots: ['file:///'] })
  return {
    get seen () { return client.seen.map(({ method }) => method) },
    callTool: async (name, args = {}) => textOf((await client.callTool(name, args)).content),
    close: () => client.close()
  }
}

const CLIENTS = {
  modern: { path: 'mcp', connect: modernClient },
  session: { path: 'mcp', connect: sessionClient('sdk1-http') },
  'HTTP+SSE': { path: 'sse', connect: sessionClient('sdk1-sse') }
}

describe('whoever asks, in whichever era and over whichever transport', { skip: missing('clients') }, () => {
  let gateway: TestGateway
  let upstreams: FixtureUpstreams
  before(async () => {
    upstreams = await startFixtureUpstreams()
    gateway = await startGateway({ config: { mcpServers: Object.fromEntries(KINDS.map((kind) => [kind, upstreams.entry(kind)])), limits: roomyLimits } })
  })
  after(async () => {
    await gateway.stop()
    await upstreams.stop()
  })

  for (const kind of KINDS) {
    for (const [era, { path, connect }] of Object.entries(CLIENTS)) {
      it(`${kind} server, ${era} client: a form, the model, both at once, rounds`, async (t) => {
        const label = `${era} of ${kind}`
        const client = await connect({ url: `${gateway.url}/servers/${kind}/${path}`, headers: gateway.keyOf('alice').bearer, label })
        t.after(() => client.close())
        assert.ok((await client.callTool('test_sampling', { prompt: 'p' })).includes(`sampled by ${label}`))
        assert.match(await client.callTool('test_elicitation', { message: 'm' }), /"action":"accept"/)
        if (era === 'modern') {
          assert.equal(await client.callTool('ask_two'), `${label} / sampled by ${label}`)
          assert.equal(await client.callTool('ask_rounds', { rounds: 3 }), `${label} ${label} ${label}`)
          assert.equal(await client.callTool('ask_url'), 'accept')
        } else assert.ok((await client.callTool('ask_two')).includes(`sampled by ${label}`))
        // No directory is the operator's here, so none is the client's to give away.
        assert.equal(await client.callTool('test_input_required_result_list_roots'), 'Roots: ')
        assert.deepEqual(client.seen.filter((method) => method === 'sampling/createMessage').length, 2)
      })
    }
  }
})

describe('server-everything asks a modern client', { skip: missing('clients') }, () => {
  let gateway: TestGateway
  let client: Asked
  before(async () => {
    gateway = await startGateway({ config: { mcpServers: { everything: officialServer('everything') } } })
    client = await modernClient({ url: `${gateway.url}/servers/everything/mcp`, headers: gateway.keyOf('alice').bearer, label: 'ada' })
  })
  after(async () => {
    await client.close()
    await gateway.stop()
  })

  it('for a sample', async () => {
    assert.match(await client.callTool('trigger-sampling-request', { prompt: 'p', maxTokens: 5 }), /sampled by ada/)
  })

  it('for a form', async () => {
    assert.match(await client.callTool('trigger-elicitation-request'), /Name: ada/)
  })

  it('to open a page, and another one first (-32042)', async () => {
    const url = 'https://example.com/page'
    await client.callTool('trigger-url-elicitation', { url, message: 'open' })
    assert.deepEqual(client.seen.splice(0).filter((asked) => asked.startsWith('https:')), [url])
    await client.callTool('trigger-url-elicitation', { url, message: 'open', errorPath: true })
    assert.deepEqual(client.seen.splice(0).filter((asked) => asked.startsWith('https:')), ['https://modelcontextprotocol.io', url])
  })

  it('for roots: none of its own where the operator named no directory', async () => {
    assert.doesNotMatch(await client.callTool('get-roots-list'), /ada/)
  })
})

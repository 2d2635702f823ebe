/** Large arguments and results go through as bytes: the other side gets what it was sent, under its own id (T18, T34, T38, T39). */
import assert from 'node:assert/strict'
import { request, type IncomingMessage } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { exchange, send, type JsonRpc } from '../helpers/http-exchange.ts'
import { ACCEPT_BOTH, responseOf, textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { MODERN, modernParams } from '../helpers/modern-wire.ts'
import { seeded } from '../helpers/random.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { comparableValue } from '../unit/protocol/random-json.ts'

const FILLER = 'x'.repeat(20_000)
/** Its arguments say members twice, which is nobody's business where no rule and no schema decides about them. */
const saysRaw = { command: process.execPath, args: [fileURLToPath(new URL('../fixtures/stdio-servers/says-raw.mjs', import.meta.url))], validateArguments: false }

/** Ways to one server: how the tool is called there, and the body of a call around the text of its arguments. */
interface Way {
  readonly tool: string
  post (args: string, id: string): Promise<JsonRpc>
}

/** A large object whose members are anything. */
function largeObject (seed: number): string {
  const random = seeded(seed)
  return `{"fill":"${FILLER}","n":1e400,"a":${comparableValue(random, 4).text},"a":${comparableValue(random, 4).text},"__proto__":${comparableValue(random, 3).text}}`
}

/** What is serialised again has lost the sign of zero and what no double holds. */
const reserialised = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function same (one: unknown, other: unknown, where: string): void {
  assert.ok(isDeepStrictEqual(reserialised(one), reserialised(other)), where)
}

describe('large messages', () => {
  let gateway: TestGateway
  const ways: Record<string, Way> = {}

  async function legacyWay (path: string, tool: string, protocolVersion: string): Promise<Way> {
    const wire = gateway.wire('alice', path)
    await wire.open({ protocolVersion })
    return { tool, post: async (args, id) => await responseOf(await wire.post(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":"tools/call","params":{"name":"${tool}","arguments":${args}}}`), id) }
  }

  function modernWay (path: string, tool: string): Way {
    const meta = JSON.stringify(modernParams()['_meta'])
    const headers = { ...gateway.keyOf('alice').bearer, accept: ACCEPT_BOTH, 'content-type': 'application/json', 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': tool }
    return {
      tool,
      post: async (args, id) => await responseOf(await exchange(gateway.url + path, { method: 'POST', headers, body: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":"tools/call","params":{"_meta":${meta},"name":"${tool}","arguments":${args}}}` }), id)
    }
  }

  before(async () => {
    gateway = await startGateway({ users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'globex', user: 'bob' }], config: { mcpServers: { raw: saysRaw }, limits: roomyLimits } })
    ways['session'] = await legacyWay('raw', 'say', '2025-11-25')
    ways['session of 2025-03-26'] = await legacyWay('raw', 'say', '2025-03-26')
    ways['session with all servers'] = await legacyWay('/mcp', 'raw__say', '2025-11-25')
    ways['modern'] = modernWay('/servers/raw/mcp', 'say')
    ways['modern with all servers'] = modernWay('/mcp', 'raw__say')
  })
  after(() => gateway.stop())

  const wayOf = (name: string): Way => ways[name] ?? assert.fail(name)
  const names = ['session', 'session of 2025-03-26', 'session with all servers', 'modern', 'modern with all servers']

  for (const name of names) {
    it(`${name}: the server gets the arguments that were sent, in one line, under an id of ours`, async () => {
      for (let seed = 1; seed <= 12; seed++) {
        const args = largeObject(seed)
        const answer = await wayOf(name).post(args, `mine-${seed}`)
        const line = textOf(answer)
        assert.doesNotMatch(line, /[\r\n\u0085\u2028\u2029]/)
        const got = JSON.parse(line) as { id: unknown, method: string, params: Record<string, unknown> }
        assert.deepEqual([typeof got.id, got.method, got.params['name']], ['number', 'tools/call', 'say'])
        same(got.params['arguments'], JSON.parse(args), `seed ${seed}`)
      }
    })

    it(`${name}: the client gets the result that was written, under its own id`, async () => {
      for (let seed = 1; seed <= 12; seed++) {
        const result = `{"content":[{"type":"text","text":"${FILLER}"},${comparableValue(seeded(seed), 3).text}],"structuredContent":${largeObject(seed)},"isError":${seed % 2 === 0},"own":${largeObject(seed + 100)}}`.replaceAll(/[\r\n\t]/g, ' ')
        const answer = await wayOf(name).post(JSON.stringify({ result, fill: FILLER }), `mine-${seed}`)
        assert.equal(answer.id, `mine-${seed}`)
        const { resultType: _type, _meta, ...got } = answer.result ?? {}
        same(got, JSON.parse(result), `seed ${seed}`)
      }
    })

    it(`${name}: a large line that is no JSON is no answer, whatever is wrong with it`, async () => {
      for (const result of [`{"content":["${FILLER}\t"]}`, `{"content":["${FILLER}\\x"]}`, `{"content":[{"a":"${FILLER}"]}}`, `{"content":["${FILLER}\0"]}`, `{"content":["${FILLER}"],}`, `{"content":["${FILLER}"]}}`, `{"content":["${FILLER}`, `{"content":["${FILLER}",NaN]}`]) {
        assert.equal(textOf(await wayOf(name).post(JSON.stringify({ result }), 'broken')), 'the line before was none', result.slice(-12))
      }
    })

    it(`${name}: a line end cannot be smuggled into what the server reads`, async () => {
      const forged = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"say","arguments":{}}}'
      for (const [args, expected] of [
        [`{"fill":"${FILLER}",\n"a":1}`, { fill: FILLER, a: 1 }], [`{"fill":"${FILLER}"\r,"a":1}`, { fill: FILLER, a: 1 }],
        [`{"fill":"${FILLER}\u2028${forged.replaceAll('"', '\\"')}"}`, { fill: `${FILLER}\u2028${forged}` }], [`{"fill":"${FILLER}\u0085"}`, { fill: `${FILLER}\u0085` }]
      ] as const) {
        const line = textOf(await wayOf(name).post(args, 'smuggled'))
        assert.doesNotMatch(line, /[\r\n\u0085\u2028\u2029]/)
        same((JSON.parse(line) as { params: Record<string, unknown> }).params['arguments'], expected, args.slice(-30))
      }
      assert.equal((await wayOf(name).post(`{"fill":"${FILLER}\n${forged.replaceAll('"', '\\"')}"}`, 'raw').catch((thrown: unknown) => ({ error: thrown }))).error === undefined, false)
    })
  }

  const LINKS = `{"content":[{"type":"text","text":"${FILLER}"},{"type":"resource_link","uri":"file:///a","name":"a"}]}`
  for (const [name, block] of [['session', { type: 'resource_link', uri: 'file:///a', name: 'a' }], ['session of 2025-03-26', { type: 'text', text: 'a <file:///a>' }], ['session with all servers', { type: 'resource_link', uri: 'raw+file:///a', name: 'a' }], ['modern with all servers', { type: 'resource_link', uri: 'raw+file:///a', name: 'a' }]] as const) {
    for (const spelled of [LINKS, LINKS.replace('resource_link', '\\u0072esource_link')]) {
      it(`${name}: links beside large text read as everywhere${spelled === LINKS ? '' : ', however they are spelled'}`, async () => {
        const { result } = await wayOf(name).post(JSON.stringify({ result: spelled }), 'links')
        assert.deepEqual((result?.['content'] as unknown[])[1], block)
      })
    }
  }

  it('plain JSON callers get large results as everybody', async () => {
    const result = `{"content":[{"type":"text","text":"${FILLER}"}],"structuredContent":${largeObject(1)}}`.replaceAll(/[\r\n\t]/g, ' ')
    const answer = await send(`${gateway.url}/servers/raw/tools`, { body: { tool_name: 'say', arguments: { result } }, headers: gateway.keyOf('alice').bearer })
    same(JSON.parse(answer.body()), { ok: true, result: JSON.parse(result) as unknown }, 'plain')
  })

  it('an answer that is read late is the one that was given, whatever came and went meanwhile', async () => {
    const open = async (user: string): Promise<LegacyWire> => {
      const wire = gateway.wire(user, 'raw')
      await wire.open()
      return wire
    }
    const [slow, quick] = [await open('alice'), await open('bob')]
    // More than the kernel takes for a reader that does not read.
    const characters = 9_000_000
    const resultOf = (letter: string): Record<string, unknown> => ({ result: `{"content":[{"type":"text","text":"${letter}FILL"}]}`, fill: characters })
    const late = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { ...gateway.keyOf('alice').bearer, accept: ACCEPT_BOTH, 'content-type': 'application/json', 'mcp-session-id': slow.sessionId ?? '' }
      request(slow.url, { method: 'POST', headers }, resolve).on('error', reject).end(JSON.stringify({ jsonrpc: '2.0', id: 'late', method: 'tools/call', params: { name: 'say', arguments: resultOf('s') } }))
    })
    for (const letter of 'abcd') assert.equal(textOf(await quick.call('say', resultOf(letter))).length, characters + 1)
    let body = ''
    for await (const chunk of late.setEncoding('utf8')) body += String(chunk)
    assert.ok(body === `{"jsonrpc":"2.0","id":"late","result":{"content":[{"type":"text","text":"s${'x'.repeat(characters)}"}]}}`)
  })
})

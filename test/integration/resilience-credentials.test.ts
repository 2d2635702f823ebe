/** Tokens for servers over HTTP: fetched once, renewed once, and refused for nobody but those who need them (FR13, T14, T47, T49). */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { startGateway } from '../helpers/gateway.ts'
import { textOf } from '../helpers/legacy-wire.ts'
import { manyUsers, probe, roomyLimits } from '../helpers/server-entries.ts'
import { until } from '../helpers/until.ts'
import { entryOf, faultsOf, fullLegacyServer, fullModernServer, refuse, result, textResult, type Received } from './upstream-parts.ts'

const SECRET = 'secret-of-the-gateway-at-the-token-endpoint'

interface TokenServer {
  readonly url: string
  readonly asked: Array<{ readonly authorization: string | undefined, readonly form: URLSearchParams }>
  /** Tokens that are good right now. */
  readonly good: Set<string>
  /** Status of its answers. */
  status: number
  /** `expires_in`; undefined = it does not say. */
  lifeS: number | undefined
}

/** An authorization server's token endpoint. */
async function tokenServer (t: TestContext): Promise<TokenServer> {
  const parts: Omit<TokenServer, 'url'> = { asked: [], good: new Set(), status: 200, lifeS: undefined }
  const bodyOf = async (request: IncomingMessage): Promise<string> => {
    let body = ''
    for await (const piece of request) body += String(piece)
    return body
  }
  const server = createServer((request, response) => {
    bodyOf(request).then((body) => {
      parts.asked.push({ authorization: request.headers.authorization, form: new URLSearchParams(body) })
      response.writeHead(parts.status, { 'content-type': 'application/json' })
      if (parts.status !== 200) return response.end(JSON.stringify({ error: 'invalid_client', error_description: `not with ${SECRET}` }))
      const token = `token-number-${parts.asked.length}-of-the-test`
      parts.good.add(token)
      response.end(JSON.stringify({ access_token: token, token_type: 'bearer', ...(parts.lifeS === undefined ? {} : { expires_in: parts.lifeS }) }))
    }).catch(() => { response.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.after(() => { server.close() })
  return Object.assign(parts, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token` })
}

const authOf = (tokens: TokenServer, more: Readonly<Record<string, unknown>> = {}) => ({
  auth: { type: 'clientCredentials', tokenUrl: tokens.url, clientId: 'gate way', clientSecretEnv: 'CRM_SECRET', scope: 'mcp', resource: 'https://crm.example.com', allowPrivateNetwork: true, ...more }
})

const bearerOf = ({ headers }: Received): string => String(headers.authorization).replace('Bearer ', '')

for (const era of ['legacy', 'modern'] as const) {
  describe(`a ${era} server that wants a token of the gateway's own (FR13)`, () => {
    async function scene (t: TestContext, own: Readonly<Record<string, unknown>> = {}, users = 1) {
      const tokens = await tokenServer(t)
      const server = await (era === 'modern' ? fullModernServer : fullLegacyServer)(t, (received) => {
        if (tokens.good.has(bearerOf(received))) result(received, textResult('fine'))
        else refuse(received, 401)
      })
      const gateway = await startGateway({ config: { mcpServers: { crm: entryOf(server, { ...authOf(tokens, own) }), other: probe() }, limits: roomyLimits }, users: manyUsers(users), env: { CRM_SECRET: SECRET } })
      t.after(() => gateway.stop())
      return { tokens, server, gateway }
    }

    it('50 callers at once: one fetch, and one more each time that the token ends; nobody notices', async (t) => {
      const { tokens, server, gateway } = await scene(t, {}, 10)
      const wires = manyUsers(10).map(({ user }) => gateway.wire(user, 'crm'))
      await Promise.all(wires.map((wire) => wire.open()))
      for (let ended = 0; ended < 4; ended++) {
        const replies = await Promise.all(Array.from({ length: 50 }, (_, n) => wires[n % wires.length]?.call('do')))
        for (const reply of replies) assert.equal(textOf(reply ?? {}), 'fine')
        assert.equal(tokens.asked.length, ended + 1)
        tokens.good.clear()
      }
      const [first] = tokens.asked
      assert.equal(first?.authorization, `Basic ${Buffer.from(`gate+way:${SECRET}`).toString('base64')}`)
      assert.deepEqual(Object.fromEntries(first?.form ?? []), { grant_type: 'client_credentials', scope: 'mcp', resource: 'https://crm.example.com' })
      // Every request carried one, and none the credential of a caller (T14).
      for (const received of server.received) assert.match(bearerOf(received), /^token-number-[1-4]-of-the-test$/)
      for (const secret of [SECRET, 'token-number', ...manyUsers(10).map(({ user }) => gateway.keyOf(user).bearer.authorization)]) assert.ok(!gateway.output().includes(String(secret)), 'nothing of it is logged')
      assert.deepEqual(faultsOf(gateway), [])
    })

    it('a token that says when it ends is renewed before, and no call meets a 401', async (t) => {
      const { tokens, server, gateway } = await scene(t)
      tokens.lifeS = 1
      const wire = gateway.wire('u0', 'crm')
      await wire.open()
      let refused = 0
      await until('three tokens were used', async () => {
        if ((await wire.call('do')).error !== undefined) refused++
        return new Set(server.of('tools/call').map(bearerOf)).size >= 3
      })
      assert.equal(refused, 0)
    })

    it('refused: an error for its own callers, which names no reason; other servers go on; it works when it is put right', async (t) => {
      const { tokens, server, gateway } = await scene(t, { clientAuthentication: 'post' })
      tokens.status = 401
      const wire = gateway.wire('u0', 'crm')
      const answers: string[] = []
      for (let n = 0; n < 30; n++) answers.push(JSON.stringify(await wire.open().then(() => wire.call('do'), (error: unknown) => String(error))))
      assert.ok(answers.every((answer) => answer.includes('50201') && !answer.includes(SECRET) && !answer.includes('invalid_client')), answers[0])
      assert.ok(tokens.asked.length < 10, `${tokens.asked.length} fetches for 30 tries`)
      assert.equal(tokens.asked[0]?.form.get('client_secret'), SECRET)
      assert.equal(server.received.length, 0, 'nothing is sent without a token')
      const other = gateway.wire('u0', 'other')
      await other.open()
      assert.equal(textOf(await other.call('echo', { text: 'beside' })), 'beside')
      assert.ok(!gateway.output().includes(SECRET))
      tokens.status = 200
      await until('it works', async () => await wire.open().then(async () => textOf(await wire.call('do')) === 'fine', () => false))
      const metrics = await (await fetch(`${gateway.managementUrl}/metrics`)).text()
      assert.match(metrics, /drawbridge_upstream_token_fetch_total\{server="crm",outcome="failed"\} [1-9]/)
    })

    it('a server that refuses every token is not a reason to fetch them for each call', async (t) => {
      const { tokens, gateway } = await scene(t)
      const wire = gateway.wire('u0', 'crm')
      await wire.open()
      await wire.call('do')
      tokens.good.clear()
      tokens.good.add = () => tokens.good
      for (let n = 0; n < 30; n++) assert.equal((await wire.call('do')).error?.code, 50201)
      assert.ok(tokens.asked.length < 10, `${tokens.asked.length} fetches for 30 calls`)
    })
  })
}

describe('a token endpoint inside (T47)', () => {
  it('is not called without the switch, by name either, and the start says which key it is', async (t) => {
    const tokens = await tokenServer(t)
    const server = await fullLegacyServer(t, (received) => { result(received, textResult('fine')) })
    const url = tokens.url.replace('http:', 'https:').replace('127.0.0.1', 'localhost')
    await assert.rejects(startGateway({ config: { mcpServers: { crm: entryOf(server, authOf(tokens, { tokenUrl: url, allowPrivateNetwork: false })) } }, env: { CRM_SECRET: SECRET } }), (error: Error) => {
      assert.match(error.message, /mcpServers\.crm\.auth\.tokenUrl/)
      assert.ok(!error.message.includes(SECRET))
      return true
    })
    assert.equal(tokens.asked.length, 0)
  })
})

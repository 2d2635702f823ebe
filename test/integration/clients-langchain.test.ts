/** LangChain's MultiServerMCPClient: what Python and JS agents use, over Streamable HTTP and HTTP+SSE at once. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { connectLangChain } from '../helpers/mcp-clients.ts'
import { missing, officialServer } from '../helpers/programs.ts'
import { probe, roomyLimits } from '../helpers/server-entries.ts'

describe('LangChain MultiServerMCPClient', { skip: missing('clients') }, () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await startGateway({ config: { mcpServers: { everything: officialServer('everything'), probe: probe() }, limits: roomyLimits } })
  })
  after(() => gateway.stop())

  it('loads the tools of two servers, one over http and one over sse, and calls them', async (t) => {
    const headers = { 'X-API-Key': gateway.keyOf('alice').text }
    const client = await connectLangChain({
      everything: { transport: 'http', url: `${gateway.url}/servers/everything/mcp`, headers },
      probe: { transport: 'sse', url: `${gateway.url}/servers/probe/sse`, headers }
    })
    t.after(() => client.close())
    const tools = await client.getTools()
    const named = (name: string) => {
      const tool = tools.find((candidate) => candidate.name === name)
      assert.ok(tool, `${name} among ${tools.map((candidate) => candidate.name).join(', ')}`)
      return tool
    }
    assert.match(JSON.stringify(await named('get-sum').invoke({ a: 2, b: 40 })), /42/)
    assert.match(JSON.stringify(await named('whoami').invoke({})), /pid/)
  })

  it('loads everything from the aggregate endpoint', async (t) => {
    const client = await connectLangChain({ all: { transport: 'http', url: `${gateway.url}/mcp`, headers: { ...gateway.keyOf('alice').bearer } } })
    t.after(() => client.close())
    const names = (await client.getTools()).map((tool) => tool.name)
    assert.ok(names.includes('everything__echo'), names.join(', '))
    assert.ok(names.includes('probe__whoami'), names.join(', '))
  })
})

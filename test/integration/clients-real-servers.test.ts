/** Real servers, as people run them: node, npx, uvx and a browser, each through the gateway with the SDK's own client. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { connectClient, type ClientKind, type McpClient, type ToolResult } from '../helpers/mcp-clients.ts'
import { missing, npxServer, officialServer, playwrightServer, uvxServer } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'

const textOf = (result: ToolResult): string => result.content.map((block) => block.text ?? '').join('\n')

/** One gateway with one server, one user `alice`, and a connected client. */
async function serve (name: string, entry: Record<string, unknown>, kind: ClientKind = 'sdk1-http'): Promise<{ gateway: TestGateway, client: McpClient }> {
  const gateway = await startGateway({ config: { mcpServers: { [name]: entry }, limits: roomyLimits } })
  const client = await connectClient(kind, { url: `${gateway.url}/servers/${name}/mcp`, headers: { ...gateway.keyOf('alice').bearer } })
  return { gateway, client }
}

describe('official npm servers', { skip: missing('clients') }, () => {
  it('filesystem: reads and writes in the folder of the user', async (t) => {
    const { gateway, client } = await serve('files', officialServer('filesystem', ['./data/{tenant}/{user}']), 'sdk2-auto')
    t.after(async () => { await client.close(); await gateway.stop() })
    const allowed = textOf(await client.callTool('list_allowed_directories'))
    const folder = allowed.split('\n').at(-1) ?? ''
    assert.ok(folder.startsWith(join(gateway.dir, 'data')), allowed)
    const path = join(folder, 'note.txt')
    await client.callTool('write_file', { path, content: 'grüezi 🦊' })
    assert.equal(await readFile(path, 'utf8'), 'grüezi 🦊')
    assert.match(textOf(await client.callTool('read_text_file', { path })), /grüezi 🦊/)
    const outside = await client.callTool('read_text_file', { path: '/etc/passwd' })
    assert.equal(outside.isError, true)
  })

  it('memory: a graph that outlives the session', async (t) => {
    const { gateway, client } = await serve('memory', { ...officialServer('memory', [], { MEMORY_FILE_PATH: './memory/{tenant}/{user}.jsonl' }), capabilities: { fixed: {} } })
    t.after(() => gateway.stop())
    await mkdir(join(gateway.dir, 'memory'), { recursive: true })
    await client.callTool('create_entities', { entities: [{ name: 'Ada', entityType: 'person', observations: ['wrote the first program'] }] })
    await client.close()
    const again = await connectClient('sdk2-legacy', { url: `${gateway.url}/servers/memory/mcp`, headers: { ...gateway.keyOf('alice').bearer } })
    t.after(() => again.close())
    assert.match(textOf(await again.callTool('search_nodes', { query: 'Ada' })), /first program/)
  })

  it('sequential-thinking', async (t) => {
    const { gateway, client } = await serve('thinking', officialServer('sequential-thinking'), 'mcp-remote')
    t.after(async () => { await client.close(); await gateway.stop() })
    const result = await client.callTool('sequentialthinking', { thought: 'first', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 })
    assert.match(textOf(result), /"thoughtNumber": 1/)
  })
})

describe('npx', { skip: missing('clients', 'npx') }, () => {
  it('sequential-thinking by `npx -y package@version`, and nothing of it is left when the gateway ends', async (t) => {
    const { gateway, client } = await serve('thinking', npxServer('sequential-thinking'))
    t.after(() => gateway.stop())
    const result = await client.callTool('sequentialthinking', { thought: 'through npx', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 })
    assert.match(textOf(result), /"totalThoughts": 1/)
    assert.ok(gateway.workers().length >= 2, 'npx and the server it started')
    await client.close()
    assert.equal(await gateway.stop(), 0)
    assert.deepEqual(gateway.workers(), [])
  })
})

describe('Python servers by uvx', { skip: missing('clients', 'uvx') }, () => {
  it('time', async (t) => {
    const { gateway, client } = await serve('time', uvxServer('time'), 'sdk2-auto')
    t.after(async () => { await client.close(); await gateway.stop() })
    assert.deepEqual((await client.listTools()).tools.map((tool) => tool.name).sort(), ['convert_time', 'get_current_time'])
    const result = await client.callTool('convert_time', { source_timezone: 'Etc/UTC', time: '12:00', target_timezone: 'Asia/Tokyo' })
    assert.match(textOf(result), /21:00/)
  })

  it('sqlite: a database for each user, each with its own rows', async (t) => {
    const gateway = await startGateway({
      users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }],
      config: { mcpServers: { sqlite: uvxServer('sqlite', ['--db-path', './db/{tenant}/{user}.sqlite']) }, limits: roomyLimits }
    })
    t.after(() => gateway.stop())
    const connect = async (user: string): Promise<McpClient> => {
      const client = await connectClient('sdk1-http', { url: `${gateway.url}/servers/sqlite/mcp`, headers: { ...gateway.keyOf(user).bearer } })
      t.after(() => client.close())
      return client
    }
    const [alice, bob] = await Promise.all([connect('alice'), connect('bob')])
    await alice.callTool('create_table', { query: 'CREATE TABLE notes (body TEXT)' })
    await alice.callTool('write_query', { query: "INSERT INTO notes VALUES ('only for alice — ünïcödé')" })
    assert.match(textOf(await alice.callTool('read_query', { query: 'SELECT body FROM notes' })), /only for alice — ünïcödé/)
    assert.doesNotMatch(textOf(await bob.callTool('list_tables')), /notes/)
  })
})

describe('git by uvx', { skip: missing('clients', 'uvx', 'git') }, () => {
  it('status and log of a real repository', async (t) => {
    const { gateway, client } = await serve('git', uvxServer('git'), 'sdk2-legacy')
    t.after(async () => { await client.close(); await gateway.stop() })
    const repo = join(gateway.dir, 'repo')
    const git = async (...args: string[]): Promise<unknown> => await promisify(execFile)('git', ['-C', repo, '-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args])
    await mkdir(repo)
    await git('init', '--quiet')
    await writeFile(join(repo, 'file.txt'), 'text')
    await git('add', '.')
    await git('commit', '--quiet', '-m', 'the only commit')
    assert.match(textOf(await client.callTool('git_log', { repo_path: repo })), /the only commit/)
  })
})

describe('a browser', { skip: missing('clients', 'chromium') }, () => {
  it("Playwright's server drives Debian's Chromium to a loopback page; every browser process ends with its session", async (t) => {
    const page = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<title>Drawbridge</title><h1>Lowered for guests</h1>'))
    await new Promise<void>((resolve) => { page.listen(0, '127.0.0.1', resolve) })
    t.after(() => page.close())
    const { gateway, client } = await serve('browser', { ...playwrightServer(), isolation: 'session' })
    t.after(() => gateway.stop())
    const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}/`
    const snapshot = textOf(await client.callTool('browser_navigate', { url }))
    assert.match(snapshot + textOf(await client.callTool('browser_snapshot')), /Lowered for guests/)
    assert.ok(gateway.workers().length > 1, 'server and browser')
    await client.close()
    assert.equal(await gateway.stop(), 0)
    assert.deepEqual(gateway.workers(), [])
  })
})

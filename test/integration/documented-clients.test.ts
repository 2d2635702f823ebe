/** The programs in docs/clients.md, run as they stand there. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { clientFile, missing, officialServer } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'

const run = promisify(execFile)
/** A program does three requests; a slow machine may need long to start Node and its packages. */
const PROGRAM_TIMEOUT_MS = 60_000
/** Frameworks that report their use to their makers. */
const NO_CALLS_HOME = { MASTRA_TELEMETRY_DISABLED: '1', OPENAI_AGENTS_DISABLE_TRACING: '1' }

describe('docs/clients.md', { skip: missing('clients') }, async () => {
  const page = await readFile(new URL('../../docs/clients.md', import.meta.url), 'utf8')
  const programs = [...page.matchAll(/```js\n\/\/ (\S+\.mjs)\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => ({ name, text }))
  let gateway: TestGateway
  let folder: string

  before(async () => {
    gateway = await startGateway({ config: { mcpServers: { everything: officialServer('everything') }, limits: roomyLimits } })
    // Beside the clients' node_modules, so that the programs find their packages.
    folder = await mkdtemp(join(clientFile('..'), '.documented-'))
  })
  after(async () => {
    await gateway.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('has its programs', () => {
    assert.deepEqual(programs.map(({ name }) => name), ['langchain.mjs', 'sdk-v1.mjs', 'sdk-v2.mjs', 'mastra.mjs', 'ai-sdk.mjs', 'openai-agents.mjs', 'plain.mjs'])
  })

  for (const { name, text } of programs) {
    it(`${name} gets its sum`, async () => {
      const file = join(folder, name)
      await writeFile(file, text)
      const { stdout } = await run(process.execPath, [file], {
        timeout: PROGRAM_TIMEOUT_MS,
        env: { PATH: process.env['PATH'], ...NO_CALLS_HOME, DRAWBRIDGE_URL: gateway.url, DRAWBRIDGE_KEY: gateway.keyOf('alice').text }
      })
      assert.match(stdout, /\b42\b/)
    })
  }
})

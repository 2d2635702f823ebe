/** The official servers as their users configure them, contained: they work, and keep what they are told to keep. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { textOf, type LegacyWire } from '../helpers/legacy-wire.ts'
import { missing, officialServer } from '../helpers/programs.ts'
import { runners } from '../helpers/runners.ts'
import { roomyLimits } from '../helpers/server-entries.ts'

const contained = { sandbox: { level: 'namespace' } }

for (const { name, make } of runners()) {
  describe(`official servers in namespaces, under ${name}`, { skip: missing('clients') }, () => {
    let gateway: TestGateway
    before(async () => {
      gateway = await startGateway({
        runner: make(),
        users: [{ tenant: 'acme', user: 'alice' }, { tenant: 'acme', user: 'bob' }],
        config: {
          mcpServers: {
            files: { ...officialServer('filesystem', ['./data/{tenant}/{user}/files']), ...contained },
            memory: { ...officialServer('memory', [], { MEMORY_FILE_PATH: './data/{tenant}/{user}/memory.json' }), ...contained },
            everything: { ...officialServer('everything'), ...contained },
            thinking: { ...officialServer('sequential-thinking'), ...contained, isolation: 'session' }
          },
          limits: roomyLimits
        }
      })
    })
    after(() => gateway.stop())

    const opened = async (user: string, server: string): Promise<LegacyWire> => {
      const wire = gateway.wire(user, server)
      await wire.open()
      return wire
    }

    it('filesystem: its user\'s files, written and read, on the disk of the host', async () => {
      const wire = await opened('alice', 'files')
      const folder = join(gateway.dir, 'data', 'acme', 'alice', 'files')
      assert.match(textOf(await wire.call('list_allowed_directories')), new RegExp(`${folder}$`))
      await wire.call('write_file', { path: `${folder}/a.txt`, content: 'written inside' })
      assert.equal(readFileSync(`${folder}/a.txt`, 'utf8'), 'written inside')
      assert.equal(textOf(await wire.call('read_text_file', { path: `${folder}/a.txt` })), 'written inside')
      const other = await (await opened('bob', 'files')).call('read_text_file', { path: `${folder}/a.txt` })
      assert.equal(other.result?.['isError'], true)
    })

    it('memory: what its user told it, kept on the disk of the host', async () => {
      const first = await opened('alice', 'memory')
      await first.call('create_entities', { entities: [{ name: 'Ada', entityType: 'person', observations: ['wrote programs'] }] })
      assert.match(textOf(await first.call('read_graph')), /wrote programs/)
      assert.match(readFileSync(join(gateway.dir, 'data', 'acme', 'alice', 'memory.json'), 'utf8'), /Ada/)
      assert.doesNotMatch(textOf(await (await opened('bob', 'memory')).call('read_graph')), /Ada/)
    })

    it('everything: tools, prompts and resources', async () => {
      const wire = await opened('alice', 'everything')
      assert.equal(textOf(await wire.call('echo', { message: 'contained' })), 'Echo: contained')
      for (const [method, key] of [['tools/list', 'tools'], ['prompts/list', 'prompts'], ['resources/list', 'resources']] as const) {
        const reply = await wire.request(method)
        assert.ok((reply.result?.[key] as unknown[]).length > 0, method)
      }
    })

    it('sequential thinking: one worker for each session', async () => {
      const wire = await opened('alice', 'thinking')
      const reply = textOf(await wire.call('sequentialthinking', { thought: 'inside', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }))
      assert.match(reply, /"thoughtHistoryLength": 1/)
    })
  })
}

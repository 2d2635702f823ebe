import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faultsOf, oneServer, settingsOf } from './load.ts'

describe('packages of launcher commands (T46)', () => {
  it('an unpinned package is warned of in development and a fault in production, at its argument', async () => {
    for (const [command, args, key] of [['npx', ['-y', 'a@latest'], 'args[1]'], ['npx', ['--package=a', 'a'], 'args[0]'], ['uvx', ['a'], 'args[0]'], ['uvx', ['--with', 'b,c==1', 'a==1'], 'args']] as const) {
      const document = oneServer({ command, args })
      const [warning, ...others] = (await settingsOf(document)).warnings
      assert.deepEqual(others, [])
      assert.match(warning ?? '', /expected an exact version/)
      assert.ok(warning?.startsWith(`mcpServers.one.${key}: `), warning)
      assert.deepEqual((await faultsOf(document, { flags: { mode: 'production' } })).map((fault) => fault.key), [`mcpServers.one.${key}`])
    }
    await settingsOf(oneServer({ command: 'npx', args: ['-y', 'a@1.2.3'] }), { flags: { mode: 'production' } })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPinned, packagesOf } from '../../../config/index.ts'
import { faultsOf, oneServer, settingsOf } from './load.ts'

describe('packages of launcher commands (T46)', () => {
  it('finds what a command line would fetch', () => {
    const cases: [string, string[], string[] | undefined][] = [
      ['npx', ['-y', '@scope/a@1.2.3', '--flag', 'b@2'], ['@scope/a@1.2.3']],
      ['/usr/bin/npx', ['--yes', 'a'], ['a']],
      ['npx', ['-p', 'a@1.0.0', '-p', 'b', 'bin', 'c'], ['a@1.0.0', 'b']],
      ['npx', ['--package=a@1.0.0', '--', 'bin'], ['a@1.0.0']],
      ['npx', ['--registry', 'https://r', '-y', 'a@1.0.0'], ['a@1.0.0']],
      ['npx', ['--', 'a@1.0.0'], ['a@1.0.0']],
      ['npx', ['./local-server'], undefined],
      ['npx', [], undefined],
      ['npm', ['exec', '-y', 'a@1.0.0'], ['a@1.0.0']],
      ['npm', ['run', 'start'], undefined],
      ['pnpm', ['dlx', 'a'], ['a']],
      ['bunx', ['a@1.0.0'], ['a@1.0.0']],
      ['uvx', ['--python', '3.12', 'a==1.0', 'x'], ['a==1.0']],
      ['uvx', ['--from', 'a==1.0', '--with', 'b,c==2', 'bin'], ['a==1.0', 'b', 'c==2']],
      ['uvx', ['--from=git+https://h/r@0123456789012345678901234567890123456789', 'bin'], ['git+https://h/r@0123456789012345678901234567890123456789']],
      ['uv', ['tool', 'run', 'a'], ['a']],
      ['uv', ['run', 'server.py'], undefined],
      ['pipx', ['run', '--spec', 'a==1', 'bin'], ['a==1']],
      ['node', ['a@latest'], undefined]
    ]
    for (const [command, args, specs] of cases) assert.deepEqual(packagesOf(command, args)?.specs, specs, `${command} ${args.join(' ')}`)
  })

  it('tells one exact version from ranges, tags and bare names', () => {
    for (const spec of ['a@1.2.3', '@s/a@2026.8.31', 'a@1.2.3-rc.1', 'github:o/r#0123456789012345678901234567890123456789', 'https://h/a-1.2.3.tgz']) assert.equal(isPinned('npm', spec), true, spec)
    for (const spec of ['a', '@s/a', 'a@latest', '@s/a@next', 'a@^1.2.3', 'a@1', 'a@1.2', 'a@1.x', 'a@>=1.0.0', 'a@*', 'a@', 'github:o/r', 'github:o/r#main', 'git+https://h/r.git']) assert.equal(isPinned('npm', spec), false, spec)
    for (const spec of ['a==1.2.3', 'a@1.2.3', 'a[x,y]==2026.10.24', 'a==1.0.post1', 'a===1', 'git+https://h/r@0123456789012345678901234567890123456789']) assert.equal(isPinned('pypi', spec), true, spec)
    for (const spec of ['a', 'a@latest', 'a>=1', 'a~=1.0', 'a==1.*', 'a==1,<2', 'git+https://h/r']) assert.equal(isPinned('pypi', spec), false, spec)
  })

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

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPinned, packageRequestOf, packagesOf } from '../../../src/packages/index.ts'

const request = (command: string, args: readonly string[], allowScripts: readonly string[] = []) => packageRequestOf({ command, args, allowScripts })

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
})

describe('what a launcher asks of the store', () => {
  it('packages in the registry\'s own spelling, the program, its arguments', () => {
    const cases: [string, string[], string[], string | undefined, string[]][] = [
      ['npx', ['-y', '@scope/a@1.2.3', '--flag', '/data/{user}'], ['@scope/a@1.2.3'], undefined, ['--flag', '/data/{user}']],
      ['npx', ['-p', 'a@1.0.0', '-p', 'b@^2', 'prog', '-y'], ['a@1.0.0', 'b@^2'], 'prog', ['-y']],
      ['npm', ['exec', '--package=a@1.0.0', '--', 'prog', '--', 'x'], ['a@1.0.0'], 'prog', ['--', 'x']],
      ['pnpm', ['dlx', 'a'], ['a'], undefined, []],
      ['bunx', ['a@1.0.0', 'x'], ['a@1.0.0'], undefined, ['x']],
      ['bun', ['x', 'a@1.0.0'], ['a@1.0.0'], undefined, []],
      ['yarn', ['dlx', '-p', 'a', 'prog'], ['a'], 'prog', []],
      ['uvx', ['--with', 'mcp==1.30.0', 'server@1.0', '--x'], ['server==1.0', 'mcp==1.30.0'], undefined, ['--x']],
      ['uvx', ['server[extra]@latest'], ['server[extra]'], undefined, []],
      ['uv', ['tool', 'run', '--from', 'server ~= 1.0', 'prog'], ['server~=1.0'], 'prog', []],
      ['pipx', ['run', '--spec', 'server==1', 'prog', 'y'], ['server==1'], 'prog', ['y']]
    ]
    for (const [command, args, specs, program, rest] of cases) {
      const found = request(command, args)
      assert.ok(found?.ok === true, `${command} ${args.join(' ')}`)
      assert.deepEqual([found.value.specs, found.value.program, found.value.args], [specs, program, rest], `${command} ${args.join(' ')}`)
    }
  })

  it('the Python of uvx and pipx, and the scripts that may run', () => {
    for (const args of [['--python', '3.12', 'a'], ['-p', '3.12', 'a'], ['--python=3.12', 'a']]) {
      const found = request('uvx', args)
      assert.equal(found?.ok === true ? found.value.python : undefined, '3.12')
    }
    const found = request('npx', ['a'], ['b', 'a'])
    assert.deepEqual(found?.ok === true ? found.value.allowScripts : undefined, ['a', 'b'])
  })

  it('what it cannot hold is named', () => {
    const cases: [string, string[], RegExp][] = [
      ['npx', ['-c', 'a && b'], /^-c /],
      ['npx', ['--registry', 'https://r', 'a@1.0.0'], /^--registry /],
      ['npx', ['-p', 'a@1.0.0'], /names no program/],
      ['npx', [], /names no package/],
      ['npx', ['./here'], /^\.\/here /],
      ['npx', ['/there'], /^\/there /],
      ['npx', ['github:o/r'], /^github:o\/r /],
      ['npx', ['o/r'], /^o\/r /],
      ['npx', ['b@npm:a@1'], /^b@npm:a@1 /],
      ['npx', ['a@https://h/a.tgz'], /^a@https/],
      ['npx', ['a@{tenant}'], /^a@\{tenant\} /],
      ['npx', ['--', '--evil'], /^--evil /],
      ['bunx', ['--bun', 'a'], /^--bun /],
      ['uvx', ['--index', 'https://i', 'a'], /^--index /],
      ['uvx', ['--from', 'git+https://h/r', 'a'], /^git\+https/],
      ['uvx', ['a @ https://h/a.whl'], /^a @ https/],
      ['pipx', ['run', '--pip-args', '--pre', 'a'], /^--pip-args /]
    ]
    for (const [command, args, says] of cases) {
      const found = request(command, args)
      assert.ok(found?.ok === false, `${command} ${args.join(' ')}`)
      assert.match(found.error, says)
    }
    for (const [command, args] of [['node', ['a']], ['npm', ['run', 'x']], ['uv', ['run', 'x']], ['docker', ['run', 'x']]] as const) assert.equal(request(command, args), undefined)
  })
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { hiddenLauncher, packageRequestOf, packagesOf } from '../../../src/packages/index.ts'

it('a launcher behind a program that starts programs is found (T46)', () => {
  const cases: [string, string[], string | undefined][] = [
    ['env', ['npx', '-y', 'a'], 'npx'],
    ['/usr/bin/env', ['-i', 'X=1', '/usr/local/bin/npx', 'a'], 'npx'],
    ['sh', ['-c', 'cd /srv && exec npx -y a'], 'npx'],
    ['/bin/bash', ['-lc', '$(npm exec a)'], 'npm'],
    ['cmd.exe', ['/c', 'npx', '-y', 'a'], 'npx'],
    ['timeout', ['60', 'uv', 'tool', 'run', 'a'], 'uv'],
    ['corepack', ['pnpm', 'dlx', 'a'], 'pnpm'],
    ['sh', ['-c', 'exec server --npm exec.log'], undefined],
    ['sh', ['-c', 'npm run start'], undefined],
    ['node', ['server.js', 'npx'], undefined],
    ['npx', ['env', 'npx'], undefined]
  ]
  for (const [command, args, found] of cases) assert.equal(hiddenLauncher(command, args), found, `${command} ${args.join(' ')}`)
})

it('options before the sub-command of a launcher hide nothing (T46)', () => {
  const cases: [string, string[]][] = [['npm', ['--silent', 'exec', 'a']], ['npm', ['--loglevel', 'error', 'x', '--', 'a']], ['uv', ['--quiet', 'tool', 'run', 'a']], ['pnpx', ['a']]]
  for (const [command, args] of cases) assert.deepEqual(packagesOf(command, args)?.specs, ['a'], `${command} ${args.join(' ')}`)
  const odd = packageRequestOf({ command: 'npm', args: ['--registry', 'https://r', 'exec', 'a'], allowScripts: [] })
  assert.match(odd?.ok === false ? odd.error : '', /^--registry /)
  assert.equal(packagesOf('npm', ['--silent', 'run', 'exec', 'a']), undefined)
})

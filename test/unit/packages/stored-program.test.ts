import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { reasonOf } from '../../../src/packages/index.ts'
import { storedProgram } from '../../../src/packages/stored-program.ts'

/** A store with one package whose only program begins with `firstLine`, and a program `tool` in somebody's home. */
function packageWith (t: TestContext, firstLine: (home: string) => string): { home: string, find: (searchPath: string) => ReturnType<typeof storedProgram> } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'drawbridge-test-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const home = join(folder, 'home')
  const tree = join(folder, 'tree')
  for (const [file, text] of [[join(home, 'tool'), '#!/bin/sh\n'], [join(tree, 'node_modules/one/run'), `#!${firstLine(home)}\n`], [join(tree, 'node_modules/one/package.json'), '{"bin":"run"}']] as const) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    chmodSync(file, 0o755)
  }
  const install = { registry: 'npm', packages: ['one@1.0.0'], allowScripts: [], npm: {}, content: {} } as const
  const record = { platform: '', outside: [], content: '', local: '' }
  const request = { registry: 'npm', specs: ['one@1.0.0'], args: [], allowScripts: [] } as const
  return { home, find: async (searchPath) => await storedProgram(request, { tree, install, record, searchPath }) }
}

it('a package does not choose which program of the machine runs it, nor so what its worker is shown (T43, T45, T46)', async (t) => {
  for (const line of [(home: string) => `${home}/tool`, (home: string) => `../../../../../../../..${home}/tool`, (home: string) => `/usr/bin/env ${home}/tool`]) {
    const { find } = packageWith(t, line)
    const reason = await find('/usr/bin:/bin').then((found) => JSON.stringify(found), reasonOf)
    assert.match(reason, /^run is run by .*tool, which is not installed/)
  }
})

it('what the search path has is taken from there, wherever the package says that it is', async (t) => {
  const { find, home } = packageWith(t, () => '/elsewhere/bin/tool -x')
  const found = await find(home)
  assert.deepEqual([found.command, found.before.slice(0, -1)], [join(home, 'tool'), ['-x']])
  const shell = await packageWith(t, () => '/usr/bin/env sh').find('/usr/bin:/bin')
  assert.deepEqual([shell.command, shell.directories.length], ['/usr/bin/sh', 1])
})

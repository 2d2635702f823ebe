import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { showStep } from '../../../src/cli/packages/step-progress.ts'
import { startRegistry, type PackageRegistry } from '../../helpers/package-registry.ts'
import { removeStore } from '../../helpers/remove-store.ts'
import { collector, run } from './io.ts'

const program = { 'index.js': '#!/usr/bin/env node\n' }
const done: (() => Promise<void>)[] = []
let registry: PackageRegistry
let env: Record<string, string>
let cwd: string

before(async () => {
  registry = await startRegistry((each) => done.push(each))
  registry.publishNpm('tiny-server', '1.0.0', program, { bin: 'index.js' })
  env = await registry.environment()
  cwd = await mkdtemp(join(tmpdir(), 'drawbridge-cli-'))
  done.push(async () => { await removeStore(cwd) })
  write({ tiny: { command: 'npx', args: ['-y', 'tiny-server@1.0.0'] }, odd: { command: 'npx', args: ['-c', 'x'] }, plain: { command: 'node', args: [] } })
})
after(async () => { for (const each of done.reverse()) await each() })

function write (mcpServers: object): void {
  writeFileSync(join(cwd, 'gateway.json'), JSON.stringify({ listen: { port: 0 }, management: { port: 0 }, mcpServers }))
}

const packages = async (command: string, ...words: string[]) => await run(['packages', command, '--config', 'gateway.json', ...words], { cwd, env })

async function packagesFound (): Promise<Finding[]> {
  const { stdout } = await run(['doctor', '--config', 'gateway.json', '--json'], { cwd, env })
  return (JSON.parse(stdout) as { findings: Finding[] }).findings.filter(({ name }) => /^packages|^npx$/.test(name))
}

describe('drawbridge packages', () => {
  it('doctor, before anything is locked', async () => {
    const found = await packagesFound()
    assert.deepEqual(found.map(({ name, status, required }) => [name, status, required]), [['npx', 'ok', true], ['packages', 'weak', false]])
    assert.equal(found[1]?.found, 'fetched anew where a cache lacks them: tiny, odd')
  })

  it('install without a lock says what to do', async () => {
    const { code, stdout, stderr } = await packages('install')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /drawbridge packages install: mcpServers\.tiny: tiny-server@1\.0\.0 is not locked: run drawbridge packages lock\n$/)
  })

  it('lock: what runs from now on, and where that is written; what it cannot hold is noted', async () => {
    const { code, stdout, stderr } = await packages('lock')
    assert.equal(code, 0, stderr)
    assert.equal(stdout, `  tiny  tiny-server@1.0.0\nLock: ${cwd}/gateway.lock.json\nStore: ${cwd}/.drawbridge/packages\n`)
    assert.match(stderr, /note: mcpServers\.odd stays as written: the package store cannot hold it, because -c is an option/)
    assert.equal((await packages('lock')).stdout.split('\n')[0], '  tiny  tiny-server@1.0.0  (as before)')
  })

  it('doctor: what starts from the store needs no npx', async () => {
    write({ tiny: { command: 'npx', args: ['-y', 'tiny-server@1.0.0'] } })
    const found = await packagesFound()
    assert.deepEqual(found.map(({ name, status, required }) => [name, status, required]), [['npx', 'ok', false], ['packages', 'ok', true]])
  })

  it('check: production takes it now', async () => {
    assert.equal((await run(['check', '--config', 'gateway.json', '--mode', 'production'], { cwd, env })).code, 0)
    const elsewhere = await run(['check', '--config', 'gateway.json', '--mode', 'production'], { cwd, env: { ...env, DRAWBRIDGE_PACKAGES: 'nowhere' } })
    assert.equal(elsewhere.code, 1)
    assert.match(elsewhere.stdout, /mcpServers\.tiny\.command: its packages are locked but not installed: run drawbridge packages install --config gateway\.json\n/)
  })

  it('outdated, update with a new version in the entry, rollback', async () => {
    assert.equal((await packages('outdated')).stdout, 'Every package is of the newest version.\n')
    registry.publishNpm('tiny-server', '1.1.0', program, { bin: 'index.js' })
    env = { ...env, npm_config_prefer_online: 'true' }
    assert.equal((await packages('outdated')).stdout, '  tiny  tiny-server  1.0.0 -> 1.1.0\n')
    assert.deepEqual(JSON.parse((await packages('outdated', '--json')).stdout), [{ server: 'tiny', name: 'tiny-server', locked: '1.0.0', latest: '1.1.0' }])
    assert.match((await packages('rollback', 'tiny')).stderr, /mcpServers\.tiny has no previous packages to go back to\n$/)
    write({ tiny: { command: 'npx', args: ['-y', 'tiny-server@1.1.0'] } })
    assert.equal((await packages('update', 'tiny')).stdout.split('\n')[0], '  tiny  tiny-server@1.1.0  (before: tiny-server@1.0.0)')
    assert.equal((await packages('rollback', 'tiny')).stdout.split('\n')[0], '  tiny  tiny-server@1.0.0  (before: tiny-server@1.1.0)')
    assert.equal((await packages('rollback', 'tiny')).stdout.split('\n')[0], '  tiny  tiny-server@1.1.0  (before: tiny-server@1.0.0)')
  })

  it('a version that does not exist, a server that does not exist, a missing npm: one line each, and the lock stays', async () => {
    const lock = readFileSync(join(cwd, 'gateway.lock.json'), 'utf8')
    write({ tiny: { command: 'npx', args: ['-y', 'tiny-server@9.9.9'] } })
    const absent = await packages('lock')
    assert.equal(absent.code, 1)
    assert.match(absent.stderr, /^drawbridge packages lock: npm: .*(?:ETARGET|No matching version).*\n$/m)
    assert.deepEqual(await packages('update', 'nobody'), { code: 2, stdout: '', stderr: 'drawbridge packages update: gateway.json has no server "nobody"\n' })
    const { stderr } = await run(['packages', 'lock', '--config', 'gateway.json'], { cwd, env: { ...env, PATH: '/nowhere' } })
    assert.match(stderr, /drawbridge packages lock: npm: is not installed\n$/)
    assert.equal(readFileSync(join(cwd, 'gateway.lock.json'), 'utf8'), lock)
    write({ tiny: { command: 'npx', args: ['-y', 'tiny-server@1.1.0'] } })
  })

  it('an interrupted command ends, and leaves nothing behind', async () => {
    const stuck = await mkdtemp(join(cwd, 'stuck-'))
    writeFileSync(join(stuck, 'npm'), `#!/bin/sh\ntouch ${stuck}/runs\nexec sleep 600\n`, { mode: 0o755 })
    const { testIo } = await import('./io.ts')
    const { runCli } = await import('../../../src/cli/index.ts')
    const { until } = await import('../../helpers/until.ts')
    write({ other: { command: 'npx', args: ['-y', 'tiny-server@1.0.0'] } })
    const { io, stderr, signal } = testIo({ cwd, env: { ...env, PATH: `${stuck}:/usr/bin:/bin` } })
    // This Node's own folder comes first, and there is no npm in it.
    const running = runCli(['packages', 'lock', '--config', 'gateway.json'], io)
    await until('npm runs', () => existsSync(join(stuck, 'runs')))
    signal('SIGINT')
    assert.equal(await running, 1)
    assert.equal(stderr(), 'drawbridge packages lock: npm: interrupted\n')
  })

  it('nothing to lock', async () => {
    write({ plain: { command: 'node', args: [] } })
    assert.equal((await packages('lock')).stdout, 'No server is started by npx, uvx or the like; there is nothing to lock.\n')
  })
})

describe('what takes long is shown', () => {
  it('after two seconds, in lines; not before', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] })
    let nowMs = 0
    const clock = { nowMs: () => nowMs, wallMs: () => nowMs }
    const out = collector()
    const work = Promise.withResolvers<string>()
    const shown = showStep(out, clock, 'resolving a@1', async () => await work.promise)
    const pass = (ms: number) => { nowMs += ms; test.mock.timers.tick(ms) }
    pass(1999)
    assert.equal(out.text(), '')
    pass(1)
    pass(10_000)
    work.resolve('done')
    assert.equal(await shown, 'done')
    pass(60_000)
    assert.equal(out.text(), '  resolving a@1 … 2 s\n  resolving a@1 … 12 s\n')
  })

  it('on a terminal in one line that goes again', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] })
    const out = collector(true)
    const work = Promise.withResolvers<string>()
    const shown = showStep(out, { nowMs: () => 2000, wallMs: () => 0 }, 'resolving a@1', async () => await work.promise)
    test.mock.timers.tick(2000)
    work.reject(new Error('no'))
    await assert.rejects(shown, /^Error: no$/)
    assert.equal(out.text(), '\r\u001b[2K  resolving a@1 … 0 s\r\u001b[2K')
  })
})

import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { checkNode, checkOpenFiles, checkStateDir } from '../../../src/cli/doctor/host.ts'
import { folderWith, run } from './io.ts'

/** A machine that has only these programs, besides the shell. */
async function doctorOn (test: TestContext, programs: Readonly<Record<string, string>>, config: object) {
  const bin = folderWith(test, Object.fromEntries(Object.entries(programs).map(([name, body]) => [name, `#!/bin/sh\n${body}\n`])))
  symlinkSync('/bin/sh', `${bin}/sh`)
  const cwd = folderWith(test, { 'a.json': JSON.stringify({ listen: { port: 0 }, management: { port: 0 }, ...config }) })
  const { code, stdout } = await run(['doctor', '--config', 'a.json', '--json'], { cwd, env: { PATH: bin } })
  const report = JSON.parse(stdout) as { ok: boolean, findings: Finding[] }
  assert.equal(code, report.ok ? 0 : 1)
  return { ok: report.ok, finding: (name: string) => report.findings.find((each) => each.name === name) }
}

describe('drawbridge doctor', () => {
  it('requires what the servers of the configuration need, and nothing else', async (test) => {
    const { ok, finding } = await doctorOn(test, { npm: 'echo 11.0.0', npx: 'echo 11.0.1', uvx: 'echo uvx 0.9', mine: '' }, {
      mcpServers: { a: { command: 'npx', args: ['a@1.0.0'] }, b: { command: 'mine' } }
    })
    assert.equal(ok, true)
    assert.deepEqual(finding('npx'), { name: 'npx', status: 'ok', required: true, found: '11.0.1' })
    assert.deepEqual([finding('uvx')?.status, finding('uvx')?.required], ['ok', false])
    assert.deepEqual([finding('command mine')?.status, finding('command mine')?.required], ['ok', true])
    assert.deepEqual([finding('docker')?.status, finding('docker')?.required], ['missing', false])
  })

  it('says which servers can have the spare workers that they are to have, and why others cannot', async (test) => {
    const pool = { warm: 2 }
    const { ok, finding } = await doctorOn(test, { mine: '' }, {
      mcpServers: { a: { command: 'mine', pool }, b: { command: 'mine', args: ['/data/{tenant}/{user}'], pool }, c: { command: 'mine', isolation: 'shared', pool }, d: { command: 'mine' } }
    })
    assert.equal(ok, true)
    assert.deepEqual(finding('warm a'), { name: 'warm a', status: 'ok', required: false, found: '2 spare workers or more, by demand' })
    assert.equal(finding('warm b')?.status, 'weak')
    assert.match(finding('warm b')?.found ?? '', /args\[0\] holds \{user\}/)
    assert.equal(finding('warm c')?.status, 'ok')
    assert.equal(finding('warm d'), undefined)
  })

  it('prints no credential of an upstream server (T62)', async (test) => {
    const cwd = folderWith(test, { 'a.json': JSON.stringify({ listen: { port: 0 }, management: { port: 0 }, mcpServers: { crm: { url: 'https://crm.example.com/mcp?key=sesame', headers: { 'X-Api-Key': 'sesame' } } } }) })
    const { stdout, stderr } = await run(['doctor', '--config', 'a.json', '--json'], { cwd, env: { PATH: cwd } })
    assert.match(stdout, /a\.json, 1 server/)
    assert.doesNotMatch(stdout + stderr, /sesame/)
  })

  it('says what is missing and how to get it, and exits 1', async (test) => {
    const { ok, finding } = await doctorOn(test, {}, { mcpServers: { a: { command: 'uvx', args: ['a==1'] }, b: { command: '/no/such/program' }, c: { command: 'docker' } } })
    assert.equal(ok, false)
    for (const name of ['uvx', 'docker', 'command program']) {
      assert.deepEqual([finding(name)?.status, finding(name)?.required], ['missing', true], name)
      assert.ok((finding(name)?.fix ?? '').length > 10, name)
    }
  })

  it('tells a program that does not work from one that is not there', async (test) => {
    const { finding } = await doctorOn(test, { docker: 'echo half; echo "Cannot connect to the Docker daemon" >&2; exit 1' }, { mcpServers: { a: { command: 'docker' } } })
    assert.equal(finding('docker')?.found, 'does not work: Cannot connect to the Docker daemon')
    assert.match(finding('docker')?.fix ?? '', /start the Docker daemon/)
  })

  it('a configuration with faults is itself a finding', async (test) => {
    const { ok, finding } = await doctorOn(test, {}, { mcpServers: { a: {} } })
    assert.equal(ok, false)
    assert.deepEqual([finding('configuration')?.found, finding('configuration')?.fix], ['a.json has 1 fault', 'drawbridge check --config a.json'])
  })

  it('the text lists everything, with a verdict at its end', async (test) => {
    const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": "/no/such"}}, "listen": {"port": 0}, "management": {"port": 0}}' })
    const { code, stdout } = await run(['doctor', '--config', 'a.json'], { cwd })
    assert.equal(code, 1)
    assert.match(stdout, /^ok {7}configuration {2,}a\.json, 1 server\n/)
    assert.match(stdout, /\nMISSING {2}command such {2,}\/no\/such is not found\n +-> install it/)
    assert.match(stdout, /\n\n1 thing that the configuration needs is missing\.\n$/)
  })

  it('Node, open files and the state directory', (test) => {
    assert.equal(checkNode('24.0.0').status, 'ok')
    assert.equal(checkNode('20.19.0').status, 'missing')
    const folder = folderWith(test, { low: 'Max open files            1024                 4096                 files\n', high: 'Max open files            65536                65536                files\n' })
    assert.deepEqual([checkOpenFiles(`${folder}/low`).status, checkOpenFiles(`${folder}/high`).status, checkOpenFiles(`${folder}/none`).status], ['weak', 'ok', 'ok'])
    assert.equal(checkStateDir(`${folder}/a/b/c`).found, `${folder}/a/b/c can be made`)
    assert.equal(checkStateDir(folder).found, `${folder} is writable`)
    assert.equal(checkStateDir(`${folder}/low/x`).status, 'missing')
  })
})

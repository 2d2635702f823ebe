import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { descendantsOf } from '../../helpers/processes.ts'
import { until } from '../../helpers/until.ts'
import { folderWith, PROJECT } from './io.ts'

const BIN = `${PROJECT}/bin/drawbridge.mjs`
/** Loaded before the launcher, so that it takes the Node it runs on for an old one. Its child knows nothing of it. */
const OLD_NODE = ['--import', 'data:text/javascript,' + encodeURIComponent("Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } })")]

interface Ran { readonly child: ChildProcess, stdout: () => string, stderr: () => string, readonly exit: Promise<{ code: number | null, signal: string | null }> }

function start (test: TestContext, nodeArgs: readonly string[], argv: readonly string[], options: { bin?: string, cwd?: string, env?: Record<string, string> } = {}): Ran {
  const child = spawn(process.execPath, [...nodeArgs, options.bin ?? BIN, ...argv], {
    cwd: options.cwd ?? PROJECT, env: { PATH: process.env['PATH'] ?? '', DRAWBRIDGE_MANAGEMENT_PORT: '0', ...options.env }, stdio: ['ignore', 'pipe', 'pipe']
  })
  test.after(() => { child.kill('SIGKILL') })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  const exit = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null }))
  return { child, stdout: () => stdout, stderr: () => stderr, exit }
}

/** A gateway without servers to start, on free ports. */
async function serving (test: TestContext, nodeArgs: readonly string[]): Promise<Ran & { url: string, pid: number }> {
  const cwd = folderWith(test, { 'a.json': '{"mcpServers": {"a": {"command": "x"}}}' })
  const ran = start(test, nodeArgs, ['serve', '--config', 'a.json', '--port', '0'], { cwd })
  const line = await until('the listening line', () => ran.stdout().split('\n').find((each) => each.includes('"event":"listening"')) ?? (ran.child.exitCode === null ? undefined : assert.fail(ran.stderr())), 30_000)
  await until('the text to paste', () => ran.stdout().includes('Stop with Ctrl-C'))
  const { url } = JSON.parse(line) as { url: string }
  const pid = nodeArgs.length === 0 ? ran.child.pid : descendantsOf(ran.child.pid ?? 0)[0]?.pid
  test.after(() => { if (pid !== undefined && isRunning(pid)) process.kill(pid, 'SIGKILL') })
  return { ...ran, url, pid: pid ?? 0 }
}

function isRunning (pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

for (const [name, nodeArgs] of [['on Node 24', []], ['from an older Node', OLD_NODE]] as const) {
  describe(`bin/drawbridge.mjs ${name}`, () => {
    it('runs commands and passes their exit code on, without a warning', async (test) => {
      const help = start(test, nodeArgs, ['help'])
      assert.deepEqual(await help.exit, { code: 0, signal: null })
      assert.match(help.stdout(), /^Drawbridge serves MCP servers/)
      assert.equal(help.stderr(), '')
      const unknown = start(test, nodeArgs, ['nope'])
      assert.deepEqual(await unknown.exit, { code: 2, signal: null })
      assert.match(unknown.stderr(), /^drawbridge: unknown command "nope" \(see drawbridge help\)\n$/)
    })

    it('serves: the printed initialize works, SIGTERM drains and exits 0', async (test) => {
      const ran = await serving(test, nodeArgs)
      const answer = await fetchLike(/^ {2}(curl .*initialize.*)$/m.exec(ran.stdout())?.[1] ?? '')
      assert.equal(answer.status, 200, JSON.stringify(answer))
      assert.match(answer.body, /"protocolVersion":"2025-11-25"/)
      ran.child.kill('SIGTERM')
      assert.deepEqual(await ran.exit, { code: 0, signal: null })
      assert.equal(isRunning(ran.pid), false)
    })
  })
}

describe('bin/drawbridge.mjs from an older Node', () => {
  it('runs the pinned Node, and programs started from there find it on PATH', async (test) => {
    const ran = start(test, OLD_NODE, ['doctor', '--json'], { env: { PORT: '0' } })
    await ran.exit
    const { findings } = JSON.parse(ran.stdout()) as { findings: { name: string, found: string }[] }
    assert.match(findings.find(({ name }) => name === 'node')?.found ?? '', /^2[4-9]\./)
  })

  it('the child does not outlive a launcher that was killed', async (test) => {
    const ran = await serving(test, OLD_NODE)
    assert.notEqual(ran.pid, ran.child.pid)
    ran.child.kill('SIGKILL')
    await until('the end of the gateway', () => !isRunning(ran.pid))
  })

  it('ends by the signal that ended its child', async (test) => {
    const ran = await serving(test, OLD_NODE)
    process.kill(ran.pid, 'SIGKILL')
    assert.deepEqual(await ran.exit, { code: null, signal: 'SIGKILL' })
  })

  it('without a Node 24 anywhere it says in one line what to do', async (test) => {
    const folder = folderWith(test)
    mkdirSync(`${folder}/bin`)
    copyFileSync(BIN, `${folder}/bin/drawbridge.mjs`)
    const ran = start(test, OLD_NODE, ['help'], { bin: `${folder}/bin/drawbridge.mjs` })
    assert.deepEqual(await ran.exit, { code: 1, signal: null })
    assert.match(ran.stderr(), /^drawbridge: Node 20\.11\.0 is too old and \S+ is not installed\. Install Node 24 or newer [^\n]*\n$/)
  })
})

/** Does what a printed curl line would do: -H headers, -d body, the URL last. */
async function fetchLike (line: string): Promise<{ status: number, body: string }> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
  const valuesOf = (option: string) => words.flatMap((word, index) => words[index - 1] === option ? [word] : [])
  const headers = valuesOf('-H').map((header): [string, string] => [header.slice(0, header.indexOf(':')), header.slice(header.indexOf(':') + 1).trim()])
  const response = await fetch(words.at(-1) ?? '', { method: 'POST', headers, body: valuesOf('-d')[0] ?? '' })
  return { status: response.status, body: await response.text() }
}

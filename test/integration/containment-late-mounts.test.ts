/** Directories that a worker is given after its start (rulings 1): a spare knows nobody, and then one user's folder. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createSandbox } from '../../src/sandbox/index.ts'
import type { Containment, ContainRequest } from '../../src/sandbox/index.ts'

const SERVER = fileURLToPath(new URL('../helpers/inmate-server.mjs', import.meta.url))

interface Spare { readonly dir: string, readonly containment: Containment, run (code: string): Promise<unknown> }

async function startSpare (t: TestContext, inner: readonly string[]): Promise<Spare> {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-test-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  for (const name of ['state', 'state/worker', 'state/worker/home', 'tmp', 'alice', 'bob']) mkdirSync(join(dir, name))
  writeFileSync(join(dir, 'alice', 'file'), 'ALICE')
  writeFileSync(join(dir, 'bob', 'file'), 'BOB')
  const sandbox = createSandbox({
    mode: 'development',
    stateDir: join(dir, 'state'),
    hidden: { directories: [], files: [], notWhole: [] },
    engineEnv: {},
    egress: { resolve: async () => [], classify: () => 'forbidden', ownPorts: () => [], events: { refused () {} } },
    resourceEvents: { exceeded () {} }
  })
  t.after(() => sandbox.close())
  const request: ContainRequest = {
    server: 'spare',
    command: process.execPath,
    args: [SERVER],
    env: { PATH: '/usr/bin:/bin', HOME: join(dir, 'state/worker/home') },
    cwd: join(dir, 'state/worker/home'),
    privateDir: join(dir, 'state/worker'),
    tmpDir: join(dir, 'tmp'),
    settings: { level: 'namespace', network: 'none', pids: 64, readOnly: [], writable: [] },
    dataDirs: [],
    namedDirs: [],
    programDirs: [],
    lateMounts: inner.map((path) => ({ inner: path }))
  }
  const containment = await sandbox.contain(request)
  const child = spawn(containment.command, [...containment.args], { cwd: containment.cwd, env: containment.env, detached: true, stdio: ['pipe', 'pipe', 'inherit', ...containment.descriptors] }) as unknown as ChildProcessWithoutNullStreams
  const exited = new Promise((resolve) => { child.once('exit', resolve) })
  t.after(async () => {
    child.stdin.end()
    await exited
    await containment.ended()
  })
  await containment.started(child.pid ?? 0)
  return { dir, containment, run: talk(child) }
}

function talk (child: ChildProcessWithoutNullStreams): Spare['run'] {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let id = 0
  return async (code) => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: ++id, method: 'tools/call', params: { name: 'run', arguments: { code } } })}\n`)
    const { value } = await lines.next()
    const { result } = JSON.parse(String(value)) as { result: { isError?: boolean, content: Array<{ text: string }> } }
    const text = result.content[0]?.text ?? ''
    return result.isError === true ? { failed: text } : JSON.parse(text)
  }
}

it('empty and read-only before; after the mount the directory\'s files, writable, and nothing else of the host', async (t) => {
  const { dir, containment, run } = await startSpare(t, ['/workspace', '/data/second'])
  assert.deepEqual(await run('return [fs.readdirSync("/workspace"), fs.readdirSync("/data/second")]'), [[], []])
  assert.deepEqual(await run('fs.writeFileSync("/workspace/x", "x")'), { failed: 'EROFS' })

  assert.ok(containment.mount !== undefined, containment.mountRefusal)
  await containment.mount('/workspace', join(dir, 'alice'))
  assert.equal(await run('return fs.readFileSync("/workspace/file", "utf8")'), 'ALICE')
  await run('fs.writeFileSync("/workspace/new", "from inside"); fs.appendFileSync("/workspace/file", "!")')
  assert.equal(readFileSync(join(dir, 'alice', 'new'), 'utf8'), 'from inside')
  assert.equal(readFileSync(join(dir, 'alice', 'file'), 'utf8'), 'ALICE!')
  assert.deepEqual(await run('return fs.readdirSync("/data/second")'), [], 'the other place is still empty')
  assert.deepEqual(await run(`return fs.existsSync(${JSON.stringify(join(dir, 'bob'))})`), false)
  assert.deepEqual(await run('return fs.readdirSync("/").filter((name) => !["bin","data","dev","etc","home","lib","lib32","lib64","libx32","mnt","opt","proc","root","run","sbin","srv","tmp","usr","var","workspace"].includes(name) && !process.execPath.startsWith("/" + name + "/") && !process.argv[1].startsWith("/" + name + "/"))'), [])
})

it('each place is filled once; a place that was not asked for never', async (t) => {
  const { dir, containment, run } = await startSpare(t, ['/workspace'])
  await run('return 1')
  await containment.mount?.('/workspace', join(dir, 'alice'))
  await assert.rejects(async () => { await containment.mount?.('/workspace', join(dir, 'bob')) }, /waits for no directory/)
  await assert.rejects(async () => { await containment.mount?.('/usr', join(dir, 'bob')) }, /waits for no directory/)
  assert.equal(await run('return fs.readFileSync("/workspace/file", "utf8")'), 'ALICE')
})

it('a directory that cannot be mounted is refused with the system\'s reason, and nothing of it is left on the host', async (t) => {
  const { dir, containment, run } = await startSpare(t, ['/workspace'])
  await run('return 1')
  await assert.rejects(async () => { await containment.mount?.('/workspace', join(dir, 'absent')) }, /absent cannot be mounted at \/workspace: /)
  const stage = join(dir, 'state', 'sandbox', 'late')
  assert.ok(existsSync(stage) && statSync(stage).isDirectory())
  assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(dir), false, 'the places are in the worker\'s namespaces only')
})

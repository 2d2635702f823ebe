/**
 * A gateway's part of the guarded network, as a program, so that a test can run it under an ordinary user as well: opens
 * networks, runs programs in them, and prints what came of it as one line of JSON.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEgress } from '../../../../src/sandbox/egress/index.ts'
import { findSystemProgram } from '../../../../src/sandbox/find-program.ts'
import type { EgressGrip } from '../../../../src/sandbox/egress/index.ts'
import { until } from '../../../helpers/until.ts'

const canary = createServer((request, response) => { response.end(`canary ${request.url} of ${request.headers.host?.split(':')[0]}`) })
const ports = await Promise.all([canary, createServer((_request, response) => { response.end('own') })].map(async (server) => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  server.unref()
  return (server.address() as AddressInfo).port
}))
const [port = 0, ownPort = 0] = ports
const rebinding = ['127.0.0.1', '127.0.0.2']
const refused: string[] = []
const egress = createEgress({
  bwrap: findSystemProgram('bwrap') ?? 'bwrap',
  by: process.getuid?.() === 0 ? 'root' : 'user',
  resolve: async (host) => [{ address: host === 'rebinding.example' ? rebinding.shift() ?? '127.0.0.2' : '127.0.0.1', family: 4 }],
  classify: (address) => address === '127.0.0.1' ? 'public' : 'forbidden',
  ownPorts: () => [ownPort],
  events: { refused: (_server, reason, target) => { refused.push(`${reason} ${target?.replace(String(port), 'PORT').replace(String(ownPort), 'OWN')}`) } }
})

function start (grip: EgressGrip, ...command: string[]) {
  const user = process.getuid?.() === 0 ? [] : ['--unshare-user']
  const [file = '', ...args] = [...grip.prefix, 'bwrap', ...user, '--unshare-pid', '--die-with-parent', '--dev-bind', '/', '/', '--proc', '/proc', '--cap-drop', 'ALL', '--', ...command]
  const child = spawn(file, args, { cwd: '/', env: { PATH: '/usr/bin:/bin', ...grip.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  return { child, closed: once(child, 'close'), output: () => text.trim().replaceAll(String(port), 'PORT').replaceAll(String(ownPort), 'OWN') }
}

async function run (grip: EgressGrip, ...command: string[]): Promise<string> {
  const { child, closed, output } = start(grip, ...command)
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await closed
  clearTimeout(late)
  return output()
}

const openFiles = (): number => readdirSync('/proc/self/fd').length
const children = (): string[] => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)

const startMs = performance.now()
const grip = await egress.open({ server: 'files', allow: [`good.example:${port}`, `rebinding.example:${port}`, `own.example:${ownPort}`] })
const firstOpenMs = performance.now() - startMs
await until('no process stays', () => children().length === 0)
const good = `http://good.example:${port}`
const curl = async (url: string, ...options: string[]): Promise<string> => await run(grip, 'curl', '-sS', '--max-time', '10', ...options, url)
const seen = {
  curl: await curl(`${good}/curl`),
  tunnel: await curl(`${good}/tunnel`, '--proxytunnel'),
  node: await run(grip, process.execPath, '-e', `fetch('${good}/node').then((response) => response.text()).then(console.log)`),
  python: await run(grip, '/usr/bin/python3', '-c', `import urllib.request; print(urllib.request.urlopen('${good}/python').read().decode())`),
  otherName: await curl(`http://other.example:${port}/`),
  otherPort: await curl('http://good.example:9/'),
  byAddress: await curl(`http://127.0.0.1:${port}/`, '--noproxy', ''),
  hostLoopback: await curl(`http://127.0.0.1:${port}/`, '--noproxy', '*'),
  withoutProxy: await curl(`http://192.0.2.1:${port}/`, '--noproxy', '*'),
  resolver: await run(grip, process.execPath, '-e', 'require("node:dns").promises.resolve4("good.example", { timeout: 1 }).catch((error) => console.log(error.code))'),
  ownListener: await curl(`http://own.example:${ownPort}/`),
  rebound: [await curl(`http://rebinding.example:${port}/first`), await curl(`http://rebinding.example:${port}/second`)],
  interfaces: await run(grip, '/bin/sh', '-c', 'cut -d: -f1 -s /proc/net/dev | tr -d " \\n"')
}
const second = await egress.open({ server: 'other', allow: [] })
const server = start(grip, process.execPath, '-e', 'require("node:net").createServer((socket) => socket.end("heard")).listen(4567, "127.0.0.1", () => console.log("up"))')
await until('it listens', () => server.output() === 'up')
const heard = [await run(grip, 'curl', '-sS', '--http0.9', 'http://127.0.0.1:4567'), await run(second, 'curl', '-sS', '--http0.9', 'http://127.0.0.1:4567')]
server.child.kill('SIGKILL')
await server.closed
await Promise.all([grip.close(), grip.close(), second.close()])
await egress.close()
const idleFiles = openFiles()
const again = createEgress({ bwrap: findSystemProgram('bwrap') ?? 'bwrap', resolve: async () => [], classify: () => 'public', ownPorts: () => [], events: { refused () {} }, spares: 0 })
for (let at = 0; at < 3; at++) await (await again.open({ server: 'x', allow: [] })).close()
await again.close()
await until('no descriptor and no process is left', () => openFiles() <= idleFiles && children().length === 0)
console.log(JSON.stringify({ firstOpenMs, seen, heard, refused }))

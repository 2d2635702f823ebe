/** nginx as the Compose stack runs it: its own files, with paths and addresses of the test in place of those in the containers, and nothing else changed. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'
import type { NginxTarget, TestNginx } from './nginx.ts'
import { runNginx } from './run-nginx.ts'
import { until } from './until.ts'

const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
/** nginx runs as an ordinary user, as in its container; who is one already stays it. */
const ORDINARY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

export interface StackNginxOptions {
  /** Replicas that serve: of b1, b2, g1, g2. */
  readonly targets: readonly NginxTarget[]
  /** Changes the text of a configuration file (by name) before it is used. */
  readonly edit?: (name: string, text: string) => string
}

export interface StackNginx extends TestNginx {
  /** `https://localhost:<port>`. */
  readonly url: string
  /** `http://localhost:<port>`: the listener that only redirects. */
  readonly plainUrl: string
  /** `http://127.0.0.1:<port>`: nginx' own figures. */
  readonly watchUrl: string
  /** The certificate, PEM. */
  readonly ca: string
  /** Trusts the certificate; says `localhost` in the handshake, whatever Host says. */
  readonly agent: Agent
  /** Where its files are: `drawbridge`, `instance`, `tls`. */
  readonly dir: string
  readonly pid: number
  /** Lines of the access log so far. */
  accessLog (): string[]
  /** `nginx -t`: what it says, and whether it is content. */
  test (): { readonly ok: boolean, readonly said: string }
  /** As `reload`, and resolves when no worker is left that knows the configuration of before: for when nothing is under way that would keep one. */
  reloadAll (): Promise<void>
  /** Other replicas serve from the next reload on. */
  serve (targets: readonly NginxTarget[]): void
}

/** Starts it on free ports and waits until it listens; not until a replica answers. */
export async function startStackNginx ({ targets, edit = (_name, text) => text }: StackNginxOptions): Promise<StackNginx> {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-stack-nginx-'))
  const ports = { https: await freePort(), http: await freePort(), watch: await freePort() }
  const url = `https://localhost:${ports.https}`
  writeFiles(dir, ports, edit)
  writeCertificate(dir)
  const serve = (names: readonly NginxTarget[]): void => { writeFileSync(join(dir, 'instance', 'upstreams.conf'), edit('upstreams.conf', renderUpstreams(names))) }
  serve(targets)
  writeFileSync(join(dir, 'instance', 'site.conf'), edit('site.conf', render('render_site', url, '10.0.0')))
  const ca = readFileSync(join(dir, 'tls', 'fullchain.pem'), 'utf8')
  const agent = new Agent({ ca, servername: 'localhost', keepAlive: true, maxSockets: 500 })
  const running = await runNginx({ dir, account: ORDINARY, isReady: async () => await listens(ports.https) })
  return {
    url,
    plainUrl: `http://localhost:${ports.http}`,
    watchUrl: `http://127.0.0.1:${ports.watch}`,
    ca,
    agent,
    dir,
    pid: running.pid,
    log: running.log,
    workers: running.workers,
    reload: running.reload,
    serve,
    accessLog: () => readFileSync(join(dir, 'access.log'), 'utf8').split('\n').slice(0, -1),
    test: () => {
      try {
        return { ok: true, said: execFileSync('sh', ['-c', 'exec "$0" "$@" 2>&1', ...running.command, '-t'], { ...ORDINARY, encoding: 'utf8' }) }
      } catch (error) {
        return { ok: false, said: (error as { readonly stdout: string }).stdout }
      }
    },
    reloadAll: async () => {
      const before = await running.reload()
      await until('old workers are gone', () => !running.workers().some((worker) => before.has(worker.pid)))
      // Kept connections were theirs.
      agent.destroy()
    },
    stop: async () => {
      agent.destroy()
      await running.stop()
    }
  }
}

function writeFiles (dir: string, ports: { readonly https: number, readonly http: number, readonly watch: number }, edit: (name: string, text: string) => string): void {
  cpSync(join(project, 'nginx'), join(dir, 'drawbridge'), { recursive: true })
  for (const folder of ['instance', 'instance/acme', 'tls', 'tmp']) mkdirSync(join(dir, folder))
  for (const name of readdirSync(join(dir, 'drawbridge'))) {
    const text = readFileSync(join(dir, 'drawbridge', name), 'utf8')
      .replaceAll(/ \/tmp\//g, ` ${dir}/tmp/`)
      .replaceAll('/dev/stdout', `${dir}/access.log`)
      .replaceAll(/\/etc\/nginx\/(drawbridge|instance|tls)/g, `${dir}/$1`)
      .replaceAll('listen 8443', `listen 127.0.0.1:${ports.https}`)
      .replaceAll('listen 8080', `listen 127.0.0.1:${ports.http}`)
      .replaceAll('listen 8090', `listen 127.0.0.1:${ports.watch}`)
    writeFileSync(join(dir, name === 'nginx.conf' ? name : `drawbridge/${name}`), edit(name, text))
  }
  writeFileSync(join(dir, 'access.log'), '')
  for (const path of ['tmp', 'access.log']) if (ORDINARY.uid !== undefined) chownSync(join(dir, path), ORDINARY.uid, ORDINARY.gid)
}

function writeCertificate (dir: string): void {
  const [key, chain] = [join(dir, 'tls', 'privkey.pem'), join(dir, 'tls', 'fullchain.pem')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,DNS:nginx,IP:127.0.0.1', '-keyout', key, '-out', chain], { stdio: 'ignore' })
  for (const path of [key, chain]) chmodSync(path, 0o444)
}

/** What scripts/lib/upstreams.sh prints, with the test's ports where the stack has addresses. */
function renderUpstreams (targets: readonly NginxTarget[]): string {
  return targets.reduce((text, { name, port }, at) => {
    const address = /server (\S+) /g.exec(text.split(`upstream drawbridge_${name} `)[1]?.split('\n').filter((line) => !line.includes('backup')).join('\n') ?? '')?.[1]
    if (address === undefined) throw new Error(`no address for replica ${at} in\n${text}`)
    return text.replaceAll(`server ${address} `, `server 127.0.0.1:${port} `)
  }, render('render_upstreams', '10.0.0', ...targets.map(({ name }) => name)))
}

function render (...call: readonly string[]): string {
  const script = 'set -euo pipefail; for lib in common targets upstreams; do . "$0/scripts/lib/$lib.sh"; done; "$@"'
  return execFileSync('bash', ['-c', script, project, ...call], { encoding: 'utf8' })
}

async function listens (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

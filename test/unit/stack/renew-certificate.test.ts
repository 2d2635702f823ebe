/** scripts/renew-certificate with the stack's real nginx: what is put into use, what is refused, and that nobody is cut off (FR32). */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connect } from 'node:tls'
import { once } from 'node:events'
import { exchange } from '../../helpers/http-exchange.ts'
import { findNginx } from '../../helpers/programs.ts'
import { startStackEdge, type StackEdge } from '../../helpers/stack-edge.ts'
import { until } from '../../helpers/until.ts'

const script = fileURLToPath(new URL('../../../scripts/renew-certificate', import.meta.url))
let edge: StackEdge
let dir = ''

before(async () => {
  edge = await startStackEdge()
  dir = mkdtempSync(join(tmpdir(), 'drawbridge-certificates-'))
  mkdirSync(join(dir, 'bin'))
  const nginx = `${findNginx() ?? 'nginx'} -p ${edge.nginx.dir} -e stderr -c nginx.conf`
  // Stands in for Docker: the "container" is the nginx of this test.
  writeFileSync(join(dir, 'bin', 'docker'), `#!/bin/sh\ncase "$1" in\n  ps) echo 0123 ;;\n  inspect) echo true ;;\n  exec) shift 4; exec ${nginx} "$@" ;;\nesac\n`)
  chmodSync(join(dir, 'bin', 'docker'), 0o755)
  writeFileSync(join(dir, 'env'), `PUBLIC_URL=${edge.nginx.url}\nINSTANCE_DIR=${edge.nginx.dir}\n`)
})

after(async () => {
  await edge.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** A certificate and its key. */
function make (name: string, names = 'DNS:localhost', days = '30'): { readonly fullchain: string, readonly key: string } {
  const [key, fullchain] = [join(dir, `${name}.key`), join(dir, `${name}.pem`)]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', days, '-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', fullchain], { stdio: 'ignore' })
  return { fullchain, key }
}

function renew (...args: readonly string[]): { readonly code: number | null, readonly said: string } {
  const env = { ...process.env, PATH: `${join(dir, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`, DRAWBRIDGE_ENV_FILE: join(dir, 'env') }
  const { status, stdout, stderr } = spawnSync(script, args, { env, encoding: 'utf8' })
  return { code: status, said: stdout + stderr }
}

/** Whose certificate nginx shows on a new connection. */
async function shown (): Promise<string> {
  const socket = connect({ port: Number(new URL(edge.nginx.url).port), host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

describe('scripts/renew-certificate', () => {
  it('puts a certificate into use while a stream goes on; the second time there is nothing to do', async () => {
    const stream = await exchange(`${edge.nginx.url}/stream`, { agent: edge.nginx.agent, headers: { 'mcp-session-id': 'b1-x' } })
    const { fullchain, key } = make('renewed')
    const dry = renew('--dry-run', '--fullchain', fullchain, '--key', key)
    assert.equal(dry.code, 0, dry.said)
    assert.equal(await shown(), 'localhost')
    const done = renew('--fullchain', fullchain, '--key', key)
    assert.equal(done.code, 0, done.said)
    await until('it is shown', async () => await shown() === 'renewed')
    assert.deepEqual(readdirSync(join(edge.nginx.dir, 'tls')).sort(), ['fullchain.pem', 'privkey.pem'])
    assert.match(renew('--fullchain', fullchain, '--key', key).said, /in use already/)
    const [speaking] = edge.b1.streams
    speaking?.write('data: still here\n\n')
    await stream.nextEvent('an event after the renewal', ({ data }) => data === 'still here')
    stream.cut()
    assert.ok(!`${dry.said}${done.said}`.includes('PRIVATE'))
    assert.ok(!done.said.includes(readFileSync(key, 'utf8').split('\n')[1] ?? '?'))
  })

  it('refuses what is not a certificate for this site, with 3', async () => {
    const [good, other, foreign, ended] = [make('good'), make('other'), make('foreign', 'DNS:evil.example'), make('ended', 'DNS:localhost', '1')]
    const before = await shown()
    const refused: ReadonlyArray<readonly [fullchain: string, key: string, why: RegExp]> = [
      [good.fullchain, other.key, /is not the key of/],
      [foreign.fullchain, foreign.key, /not for localhost/],
      [ended.fullchain, ended.key, /ends within a day/],
      [good.key, good.key, /not a certificate/],
      [good.fullchain, good.fullchain, /not a private key/],
      [join(dir, 'absent'), good.key, /cannot be read/]
    ]
    for (const [fullchain, key, why] of refused) {
      const { code, said } = renew('--fullchain', fullchain, '--key', key)
      assert.equal(code, 3, said)
      assert.match(said, why)
    }
    assert.equal(renew().code, 2)
    assert.equal(await shown(), before)
  })

  it('puts the old one back when nginx does not take the configuration, with 4', async () => {
    const { fullchain, key } = make('untaken')
    const before = [readFileSync(join(edge.nginx.dir, 'tls', 'fullchain.pem'), 'utf8'), await shown()]
    const site = join(edge.nginx.dir, 'instance', 'site.conf')
    const text = readFileSync(site, 'utf8')
    writeFileSync(site, `${text}\nmap {`)
    const { code, said } = renew('--fullchain', fullchain, '--key', key)
    writeFileSync(site, text)
    assert.equal(code, 4, said)
    assert.deepEqual([readFileSync(join(edge.nginx.dir, 'tls', 'fullchain.pem'), 'utf8'), await shown()], before)
  })
})

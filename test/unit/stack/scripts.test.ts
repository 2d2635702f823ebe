/** The operator's scripts without Docker: what they say, what they would do and in which order, and that they leave everything alone. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { contentsOf, ended, preparedPlace, root, standInDocker } from './operator-scripts.ts'
import type { Place } from './operator-scripts.ts'

const SCRIPTS = ['backup', 'deploy', 'health-check', 'init', 'restore', 'rollback', 'rotate-secrets']

/** The commands and changes of a dry run, without folders and shell quoting, and without what `packages` or waiting has in detail. */
async function planOf (place: Place, name: string, ...args: string[]): Promise<string[]> {
  const before = contentsOf(place.folder)
  const { code, out, errors } = await place.script(name, ...args, '--dry-run')
  assert.equal(code, 0, errors)
  assert.deepEqual(contentsOf(place.folder), before, 'a dry run changes nothing')
  return out.split('\n').filter((line) => line.startsWith('+ ')).map((line) => line.slice(2)
    .replaceAll(`${place.folder}/`, '').replace('docker compose --env-file stack.env --profile blue --profile green', 'compose'))
}

/** The lines in which nginx is told where requests go. */
function routed (to: string): string[] {
  return [`nginx: requests go to ${to}`, 'write instance/nginx/upstreams.conf (mode 444)', 'docker compose exec -T nginx nginx -t', 'docker compose exec -T nginx nginx -s reload']
}

function replaced (replica: string, service: string, rest: string, all: string): string[] {
  return [
    ...routed(rest), `env BLUE_VERSION=2.0 PACKAGES_VERSION=2.0 compose up -d --no-deps --no-build ${service}`,
    `wait until ${service} is healthy, at most 120 s`, `smoke test in ${service}: gateway main`, ...routed(all)
  ].filter(() => replica !== '')
}

describe('scripts', () => {
  it('are clean for shellcheck', async () => {
    const libraries = readdirSync(join(root, 'scripts/lib')).filter((name) => name.endsWith('.sh')).map((name) => `scripts/lib/${name}`)
    const programs = readdirSync(join(root, 'scripts'), { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => `scripts/${name}`)
      .filter((path) => readFileSync(join(root, path), 'utf8').startsWith('#!/usr/bin/env bash'))
    assert.ok(SCRIPTS.every((name) => programs.includes(`scripts/${name}`)))
    const { code, out } = await ended('shellcheck', ['-x', ...programs, ...libraries], root, process.env)
    assert.equal(code, 0, out)
  })

  it('say how they are used, and the same is in the documentation', async (t) => {
    const place = await preparedPlace(t)
    const documentation = readFileSync(join(root, 'docs/operations/scripts.md'), 'utf8')
    for (const name of SCRIPTS) {
      const { code, out } = await place.script(name, '--help')
      assert.equal(code, 0)
      assert.ok(documentation.includes(`\`\`\`\n${out}\`\`\``), `docs/operations/scripts.md has the text of scripts/${name} --help`)
      assert.equal((await place.script(name, '--no-such-option')).code, 2)
    }
  })

  it('deploy replaces one replica after the other, each out of nginx meanwhile', async (t) => {
    const place = await preparedPlace(t)
    assert.deepEqual(await planOf(place, 'deploy', '--version', '2.0'), [
      'look for the image drawbridge:2.0',
      'env BLUE_VERSION=2.0 PACKAGES_VERSION=2.0 compose run --rm --no-deps packages',
      ...replaced('b1', 'gateway-blue-1', 'b2', 'b1 b2'),
      ...replaced('b2', 'gateway-blue-2', 'b1', 'b1 b2'),
      'write stack.env (mode 600)', 'write stack.env (mode 600)', 'write stack.env (mode 600)',
      'note in instance/history: blue dev first',
      'note in instance/history: blue 2.0 rolling',
      'compose kill -s HUP prometheus'
    ])
  })

  it('deploy --blue-green proves the other colour before requests go there, and then lets the one before drain', async (t) => {
    const place = await preparedPlace(t)
    const plan = await planOf(place, 'deploy', '--version', '2.0', '--blue-green')
    const at = (wanted: string): number => {
      const found = plan.indexOf(wanted)
      assert.ok(found >= 0, `${wanted}\n${plan.join('\n')}`)
      return found
    }
    const order = [
      'env GREEN_VERSION=2.0 PACKAGES_VERSION=2.0 compose run --rm --no-deps packages',
      'env GREEN_VERSION=2.0 PACKAGES_VERSION=2.0 compose up -d --no-deps --no-build gateway-green-1 gateway-green-2',
      'smoke test in gateway-green-1: gateway main', 'smoke test in gateway-green-2: gateway main',
      'nginx: requests go to g1 g2', 'write instance/prometheus/gateways.json (mode 444)', 'write instance/topology (mode 444)',
      'smoke test in gateway-green-1: nginx https://172.30.99.10:8443', 'note in instance/history: green 2.0 blue-green',
      'compose stop gateway-blue-1 gateway-blue-2'
    ].map(at)
    assert.deepEqual(order, [...order].sort((a, b) => a - b))
  })

  it('rollback takes the version before from the history, and deploys it beside', async (t) => {
    const place = await preparedPlace(t)
    assert.equal((await place.script('rollback', '--dry-run')).code, 1, 'there is none yet')
    writeFileSync(join(place.instance, 'history'), '2026-11-01T00:00:00Z blue 0.9 first\n2026-11-02T00:00:00Z blue 1.0 rolling\n2026-11-03T00:00:00Z blue dev rolling\n')
    const plan = await planOf(place, 'rollback')
    assert.ok(plan.includes('env GREEN_VERSION=1.0 PACKAGES_VERSION=1.0 compose up -d --no-deps --no-build gateway-green-1 gateway-green-2'), plan.join('\n'))
    assert.ok(plan.includes('note in instance/history: green 1.0 rollback'))
    assert.ok((await planOf(place, 'rollback', '--to', '0.9', '--rolling')).includes('env BLUE_VERSION=0.9 PACKAGES_VERSION=0.9 compose up -d --no-deps --no-build gateway-blue-2'))
  })

  it('rotate-secrets has both passwords good while replicas are replaced, prints none, and asks before it costs something', async (t) => {
    const place = await preparedPlace(t)
    const plan = await planOf(place, 'rotate-secrets', 'redis')
    const [both, last] = [plan.indexOf('redis: ACL LOAD'), plan.lastIndexOf('redis: ACL LOAD')]
    const replacing = plan.findIndex((line) => line.includes('--force-recreate gateway-blue-2'))
    assert.ok(both >= 0 && both < replacing && replacing < last, plan.join('\n'))
    assert.deepEqual((await planOf(place, 'rotate-secrets', 'management-token')).at(-1), 'compose restart prometheus')
    const { code, out, errors } = await place.script('rotate-secrets', '--all', '--dry-run')
    assert.equal(code, 0, errors)
    for (const [file, secret] of Object.entries(contentsOf(join(place.instance, 'secrets')))) assert.ok(!(out + errors).includes(secret), `${file} is printed`)
    const asked = await place.script('rotate-secrets', 'drawbridge-secret')
    assert.equal(asked.code, 1)
    assert.match(asked.errors, /--yes/)
  })

  it('backup and health-check say what they would do', async (t) => {
    const place = await preparedPlace(t)
    const parts = (await planOf(place, 'backup', '--plain-secrets', '--pause')).map((line) => line.split(':')[0])
    assert.deepEqual(parts, [
      'settings.env', 'files.tar', 'secrets.tar', 'versions', 'redis.rdb', 'pause the gateways that run', 'volume-user-data.tar.gz', 'volume-state-b1.tar.gz', 'volume-state-b2.tar.gz',
      'volume-state-g1.tar.gz', 'volume-state-g2.tar.gz', 'volume-grafana-data.tar.gz', 'volume-alertmanager-data.tar.gz'
    ])
    assert.equal((await planOf(place, 'health-check')).length, 1)
  })

  it('health-check says all that is wrong, also where there is no Docker to ask and files are missing', async (t) => {
    const place = await preparedPlace(t)
    rmSync(join(place.instance, 'nginx/upstreams.conf'))
    rmSync(join(place.instance, 'backups'), { recursive: true })
    const { code, out, errors } = await standInDocker(place, 'exit 1').script('health-check', '--json')
    assert.equal(code, 1, errors)
    const { checks } = JSON.parse(out) as { checks: ReadonlyArray<{ name: string, state: string }> }
    const wrong = checks.filter(({ name }) => !['disk of instance', 'nginx over TLS'].includes(name)).map(({ name, state }) => `${state} ${name}`)
    assert.deepEqual(wrong, ['fail containers', 'fail replica b1', 'fail replica b2', 'fail routes', 'ok colour', 'fail prometheus', 'ok certificate', 'warn disk of Docker', 'warn backup'])
  })

  it('take the same host out of an address, whatever its form', async (t) => {
    const place = await preparedPlace(t)
    const hosts = { 'https://a.example': 'a.example', 'https://a.example:8443': 'a.example', 'https://a.example/': 'a.example', 'https://192.0.2.1:1': '192.0.2.1', 'https://[::1]': '::1', 'https://[2001:db8::1]:8443/': '2001:db8::1' }
    const { out } = await place.bash(['common'], `for url in ${Object.keys(hosts).map((url) => `'${url}'`).join(' ')}; do host_of "$url"; echo; done`)
    assert.deepEqual(out.trim().split('\n'), Object.values(hosts))
  })

  it('wait for nobody who changes the stack, and change nothing beside them', async (t) => {
    const place = await preparedPlace(t)
    // It has to be there, and is never asked.
    const docker = standInDocker(place)
    const holder = spawn('flock', [join(place.instance, 'lock'), '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
    t.after(() => { holder.stdin.destroy() })
    await once(holder.stdout, 'data')
    const before = contentsOf(place.folder)
    for (const [name, ...args] of [['rotate-secrets', 'management-token'], ['backup', '--plain-secrets', '--files-only'], ['deploy', '--version', '2.0']] as const) {
      const { code, errors } = await docker.script(name, ...args)
      assert.equal(code, 5, errors)
    }
    assert.deepEqual(contentsOf(place.folder), before)
  })

  it('who serves is written for nginx, Prometheus and the scripts alike, whole files only', async (t) => {
    const place = await preparedPlace(t)
    const { code, errors } = await place.bash(['common', 'compose', 'targets', 'upstreams', 'topology'], 'set_topology g1 g2')
    assert.equal(code, 0, errors)
    assert.equal(readFileSync(join(place.instance, 'topology'), 'utf8'), 'g1 g2\n')
    assert.deepEqual(JSON.parse(readFileSync(join(place.instance, 'prometheus/gateways.json'), 'utf8')), [
      { targets: ['172.30.99.73:8081'], labels: { replica: 'g1' } }, { targets: ['172.30.99.74:8081'], labels: { replica: 'g2' } }
    ])
    const upstreams = readFileSync(join(place.instance, 'nginx/upstreams.conf'), 'utf8')
    assert.match(upstreams, /server 172\.30\.99\.13:8080/)
    assert.doesNotMatch(upstreams, /172\.30\.99\.1[12]:/)
    const wrong = await place.bash(['common', 'compose', 'targets', 'upstreams', 'topology'], 'set_topology x1')
    assert.notEqual(wrong.code, 0)
    assert.equal(readFileSync(join(place.instance, 'topology'), 'utf8'), 'g1 g2\n', 'nothing was changed')
    assert.equal(readFileSync(join(place.instance, 'nginx/upstreams.conf'), 'utf8'), upstreams)
  })
})

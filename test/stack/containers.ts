import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from './command.ts'
import { root } from './create-stack.ts'
import type { Stack, StackRow } from './types.ts'

/** What the engine says of every container, and what the kernel says of their first processes. */
export const containersRows: readonly StackRow[] = [
  { name: 'containers non-root, read-only, without capabilities', run: hardened },
  { name: 'only the two ports of nginx are published', run: published },
  { name: 'no secret in the environment of a container', run: withoutSecrets }
]

/** Those whose images can print a file; the exporters' have nothing but the exporter. */
const WITH_CAT = ['gateway-blue-1', 'gateway-blue-2', 'nginx', 'redis', 'prometheus', 'alertmanager', 'grafana']

/** Those that do one thing and end. */
const ONE_SHOT: ReadonlySet<string> = new Set(['packages'])

/** The part of `docker inspect` that is looked at. */
interface Container {
  readonly Name: string
  readonly State: { readonly Status: string, readonly ExitCode: number }
  readonly Config: { readonly User: string, readonly Env: readonly string[], readonly Labels: Readonly<Record<string, string>> }
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean
    readonly Privileged: boolean
    readonly CapDrop: readonly string[] | null
    readonly CapAdd: readonly string[] | null
    readonly SecurityOpt: readonly string[] | null
    readonly PidMode: string
    readonly IpcMode: string
    readonly NetworkMode: string
    readonly Memory: number
    readonly PortBindings: Readonly<Record<string, ReadonlyArray<{ readonly HostPort: string }>>> | null
    readonly RestartPolicy: { readonly Name: string }
    readonly LogConfig: { readonly Config: Readonly<Record<string, string>> }
  }
}

/** One of each service, those that have ended too. */
async function containersOf (stack: Stack): Promise<readonly Container[]> {
  const ids = (await stack.compose('ps', '-a', '-q')).trim().split('\n')
  const containers = JSON.parse(await command('docker', ['inspect', ...ids], { cwd: root, env: process.env })) as Container[]
  const services = (await stack.compose('config', '--services')).trim().split('\n')
  assert.deepEqual(containers.map(serviceOf).sort(), services.sort())
  return containers
}

function serviceOf ({ Config }: Container): string {
  return Config.Labels['com.docker.compose.service'] ?? ''
}

async function hardened (stack: Stack): Promise<string> {
  const containers = await containersOf(stack)
  for (const container of containers) {
    const { HostConfig: host, Config: { User: user }, State: state } = container
    const service = serviceOf(container)
    const of = (what: string): string => `${service}: ${what}`
    assert.deepEqual([state.Status, state.ExitCode], [ONE_SHOT.has(service) ? 'exited' : 'running', 0], of('as it should be'))
    assert.equal(host.ReadonlyRootfs, true, of('read-only'))
    assert.equal(host.Privileged, false, of('not privileged'))
    assert.deepEqual(host.CapDrop, ['ALL'], of('capabilities dropped'))
    assert.deepEqual(host.CapAdd ?? [], [], of('none added'))
    assert.ok((host.SecurityOpt ?? []).includes('no-new-privileges:true'), of('no new privileges'))
    assert.ok(!(host.SecurityOpt ?? []).includes('seccomp=unconfined'), of('system calls filtered'))
    assert.deepEqual([host.PidMode, host.IpcMode.startsWith('container') || host.IpcMode === 'host', host.NetworkMode === 'host'], ['', false, false], of('namespaces of its own'))
    assert.ok(host.Memory > 0, of('bounded memory'))
    assert.ok(host.LogConfig.Config['max-size'], of('logs rotate'))
    assert.equal(host.RestartPolicy.Name, ONE_SHOT.has(service) ? 'no' : 'unless-stopped', of('restarts'))
    if (service !== 'nginx') assert.match(user, /^[1-9]\d*:[1-9]\d*$/, of('user'))
  }
  const first = await Promise.all(WITH_CAT.map(async (service) => ({ service, status: await stack.exec(service, 'cat', '/proc/1/status') })))
  for (const { service, status } of first) {
    assert.match(status, /^Uid:\t([1-9]\d*)\t\1\t\1\t\1$/m, `${service}: ${status}`)
    assert.match(status, /^CapEff:\t0+$/m, service)
    assert.match(status, /^CapBnd:\t0+$/m, service)
    assert.match(status, /^NoNewPrivs:\t1$/m, service)
    assert.match(status, /^Seccomp:\t2$/m, service)
  }
  return `${containers.length} containers as configured; in ${first.length} the kernel says the same of the first process: user not 0, no capabilities, NoNewPrivs, Seccomp`
}

async function published (stack: Stack): Promise<string> {
  const bindings = (await containersOf(stack)).flatMap((container) => Object.entries(container.HostConfig.PortBindings ?? {}).map(([inner, outer]) => `${serviceOf(container)} ${inner} <- ${outer.map(({ HostPort }) => HostPort).join(' ')}`))
  assert.equal(bindings.length, 2, bindings.join(', '))
  assert.ok(bindings.every((binding) => binding.startsWith('nginx ')), bindings.join(', '))
  return bindings.join(', ')
}

async function withoutSecrets (stack: Stack): Promise<string> {
  const folder = join(stack.instanceDir, 'secrets')
  const secrets = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8').trim() })).filter(({ text }) => text.length >= 16)
  assert.ok(secrets.length >= 5)
  const containers = await containersOf(stack)
  for (const container of containers) {
    const said = JSON.stringify(container)
    for (const { name, text } of secrets) assert.ok(!said.includes(text), `${name} is in what docker inspect says of ${serviceOf(container)}`)
  }
  return `${secrets.length} secrets, in what docker inspect says of none of ${containers.length} containers`
}

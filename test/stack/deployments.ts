import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../helpers/until.ts'
import { command } from './command.ts'
import { root } from './create-stack.ts'
import { startSteadyLoad } from './steady-load.ts'
import type { SteadyLoad } from './steady-load.ts'
import type { Stack, StackRow } from './types.ts'

/** A program that is there for `packages install` and never serves anything. */
const NEVER_READY = ['node', '-e', 'process.on("SIGTERM", () => process.exit()); if (process.argv[1] !== "packages") setInterval(() => {}, 1000)']

/** Deployments with scripts/deploy and scripts/rollback while callers of every kind are at work. */
export const deploymentsRows: readonly StackRow[] = [
  { name: 'rolling deployment under load', run: rolling },
  { name: 'blue-green deployment under load, and rollback', run: blueGreen },
  { name: 'an image that never becomes ready is rolled back by itself', run: neverReady },
  { name: 'secrets rotated under load', run: rotated }
]

async function rolling (stack: Stack): Promise<string> {
  const next = await tagged(stack, 'rolling')
  const figures = await underLoad(stack, async () => { await stack.script('deploy', '--version', next) })
  assert.deepEqual(await imagesOf(stack), [`drawbridge:${next}`, `drawbridge:${next}`])
  return figures
}

async function blueGreen (stack: Stack): Promise<string> {
  const before = versionOf(stack)
  const colour = setting(stack, 'COMPOSE_PROFILES')
  const next = await tagged(stack, 'blue-green')
  const there = await underLoad(stack, async () => { await stack.script('deploy', '--version', next, '--blue-green') })
  assert.notEqual(setting(stack, 'COMPOSE_PROFILES'), colour)
  assert.deepEqual(await imagesOf(stack), [`drawbridge:${next}`, `drawbridge:${next}`])
  const back = await underLoad(stack, async () => { await stack.script('rollback') })
  assert.equal(versionOf(stack), before)
  assert.equal(setting(stack, 'COMPOSE_PROFILES'), colour)
  return `${there}; rollback: ${back}`
}

async function neverReady (stack: Stack): Promise<string> {
  const before = await imagesOf(stack)
  const bad = `${project(stack)}-bad`
  const container = (await docker('create', `drawbridge:${versionOf(stack)}`)).trim()
  await docker('commit', '--change', `ENTRYPOINT ${JSON.stringify(NEVER_READY)}`, container, `drawbridge:${bad}`)
  await docker('rm', container)
  const figures = []
  for (const how of [[], ['--blue-green']]) {
    figures.push(await underLoad(stack, async () => {
      await assert.rejects(stack.script('deploy', '--version', bad, '--timeout-seconds', '10', ...how), /ended with 3/)
    }))
    assert.deepEqual(await imagesOf(stack), before)
  }
  return `rolling: ${figures[0] ?? ''}; blue-green: ${figures[1] ?? ''}`
}

/** That Prometheus still sees all targets, and the exporter Redis, is a part of the health check. */
async function rotated (stack: Stack): Promise<string> {
  const secrets = ['management_token', 'redis_gateway_password', 'redis_exporter_password']
  const texts = (): string[] => secrets.map((name) => readFileSync(join(stack.instanceDir, 'secrets', name), 'utf8'))
  const before = texts()
  const figures = await underLoad(stack, async () => { await stack.script('rotate-secrets', 'management-token', 'redis') })
  texts().forEach((text, at) => { assert.notEqual(text, before[at], secrets[at]) })
  return figures
}

/** Callers go on for a while before and after `work`; not one of their calls may be lost. */
async function underLoad (stack: Stack, work: () => Promise<void>): Promise<string> {
  const load = startSteadyLoad(stack)
  try {
    await answered(load, 30)
    const beginMs = performance.now()
    await work()
    const tookMs = performance.now() - beginMs
    await answered(load, 30)
    await stack.script('health-check', '--wait', '90')
    return `${(tookMs / 1000).toFixed(0)} s, ${await load.stop()}`
  } catch (error) {
    // What became of the calls says why, if they do not say it themselves.
    throw new AggregateError([error, await load.stop().catch((lost: unknown) => lost)], String(error))
  }
}

/** So many more calls have been answered. */
async function answered (load: SteadyLoad, count: number): Promise<void> {
  const ok = (): number => load.calls.filter(({ fate }) => fate === 'ok').length
  const from = ok()
  await until(`${count} more calls are answered`, () => ok() >= from + count, 120_000)
}

/** The image that serves, under another version: one of two, so that a stack that was kept can be used again. */
async function tagged (stack: Stack, name: string): Promise<string> {
  const version = [`${project(stack)}-${name}-1`, `${project(stack)}-${name}-2`].find((other) => other !== versionOf(stack)) ?? ''
  await docker('tag', `drawbridge:${versionOf(stack)}`, `drawbridge:${version}`)
  return version
}

/** Of the replicas that serve. */
async function imagesOf (stack: Stack): Promise<readonly string[]> {
  const ids = (await stack.compose('ps', '-q', ...servicesOf(stack))).trim().split('\n')
  return (await docker('inspect', '-f', '{{.Config.Image}}', ...ids)).trim().split('\n')
}

/** The services of the replicas that serve. */
export function servicesOf (stack: Stack): readonly string[] {
  const names = readFileSync(join(stack.instanceDir, 'topology'), 'utf8').trim().split(' ')
  return names.map((name) => `gateway-${name.startsWith('b') ? 'blue' : 'green'}-${name.slice(1)}`)
}

/** A value of the stack's .env. */
function setting (stack: Stack, name: string): string {
  const file = readFileSync(stack.env['DRAWBRIDGE_ENV_FILE'] ?? '', 'utf8')
  return new RegExp(`^${name}=(.*)$`, 'm').exec(file)?.[1] ?? ''
}

/** The version that serves. */
function versionOf (stack: Stack): string {
  return setting(stack, `${setting(stack, 'COMPOSE_PROFILES').toUpperCase()}_VERSION`)
}

function project (stack: Stack): string {
  return stack.env['COMPOSE_PROJECT_NAME'] ?? ''
}

async function docker (...args: string[]): Promise<string> {
  return await command('docker', args, { cwd: root, env: process.env })
}

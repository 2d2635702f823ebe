import assert from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../helpers/until.ts'
import { callPlainly } from './calls.ts'
import { root } from './create-stack.ts'
import type { Stack, StackUser } from './types.ts'

/** Runs the body of an async function (`fs` and `load` in scope) in a worker inside the gateway's container, and resolves with what it returns. */
export type Probe = (code: string) => Promise<unknown>

/** The same server twice: as production contains it, and with `sandbox.level: none`, which shows that there is something to find. */
export interface Probes {
  readonly contained: Probe
  readonly bare: Probe
}

const ENTRIES = `mcpServers:
  probe: { command: node, args: [/data/probe/server.mjs] }
  probe-bare: { command: node, args: [/data/probe/server.mjs], sandbox: { level: none } }
`
/** As long as a change of the configuration may take to be served. */
const RELOAD_MS = 20_000

/** Adds two probe servers to the running stack as an operator would, and takes them out again. */
export async function withProbes (stack: Stack, user: StackUser, use: (probes: Probes) => Promise<string>): Promise<string> {
  const folder = join(stack.instanceDir, 'gateway')
  const file = join(folder, 'gateway.yaml')
  const before = readFileSync(file, 'utf8')
  const after = before.replace('include: [./keys.yaml]', 'include: [./keys.yaml, ./probe.yaml]')
  assert.notEqual(after, before)
  await putProgram(stack)
  writeFileSync(join(folder, 'probe.yaml'), ENTRIES)
  try {
    await serve(stack, file, after)
    return await use({ contained: probeOf(stack, user, 'probe'), bare: probeOf(stack, user, 'probe-bare') })
  } finally {
    await serve(stack, file, before)
    rmSync(join(folder, 'probe.yaml'))
    await stack.exec('gateway-blue-1', 'rm', '-r', '/data/probe')
  }
}

/** Into the volume that both replicas have: nothing else of a container is written to. Its package.json says what belongs to it. */
async function putProgram (stack: Stack): Promise<void> {
  const program = readFileSync(join(root, 'test', 'helpers', 'inmate-server.mjs')).toString('base64')
  await stack.exec('gateway-blue-1', 'sh', '-c', `mkdir -p /data/probe && echo '{}' > /data/probe/package.json && echo ${program} | base64 -d > /data/probe/server.mjs`)
}

/** Puts a configuration in the place of the other, and waits until both replicas serve it. */
async function serve (stack: Stack, file: string, text: string): Promise<void> {
  const reloads = async (service: string): Promise<number> => (await stack.log(service)).split('"event":"config_reloaded"').length
  const services = ['gateway-blue-1', 'gateway-blue-2']
  const known = await Promise.all(services.map(reloads))
  writeFileSync(`${file}.new`, text, { mode: 0o444 })
  renameSync(`${file}.new`, file)
  await until('both gateways read the configuration again', async () => (await Promise.all(services.map(reloads))).every((count, index) => count > (known[index] ?? 0)), RELOAD_MS)
}

function probeOf (stack: Stack, { key }: StackUser, server: string): Probe {
  return async (code) => {
    const answer = await callPlainly(stack, key, `${server}__run`, { code })
    const text = await answer.text()
    const { result } = JSON.parse(text) as { readonly result?: { readonly isError?: boolean, readonly content: ReadonlyArray<{ readonly text: string }> } }
    assert.ok(result !== undefined && result.isError !== true, text)
    return JSON.parse(result.content[0]?.text ?? 'null')
  }
}

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { createResources, probeResources } from '../../../../src/sandbox/resources/index.ts'
import type { ExceededLimit, ResourceGrip, ResourceLimits, ResourceSupport, Resources } from '../../../../src/sandbox/resources/index.ts'

/** A process under limits, with what there is to know about it. */
export interface Bounded {
  readonly child: ChildProcess & { readonly pid: number }
  readonly grip: ResourceGrip
  /** Directories of its control groups. */
  readonly groups: readonly string[]
  /** Live processes and zombies in its groups, as the kernel lists them. */
  pids (): number[]
  stdout (): string
  /** Settles with what the process ended by. */
  readonly exited: Promise<number | string | null>
}

/** What was told, as `name limit`. */
export type Told = string[]

/** Resources of this host for one test; all that was entered is released at its end. */
export async function resourcesOf (test: TestContext, support?: ResourceSupport): Promise<{ resources: Resources, told: Told }> {
  const told: Told = []
  const resources = createResources(support ?? await probeResources(), { exceeded: (name: string, limit: ExceededLimit) => told.push(`${name} ${limit}`) })
  test.after(() => resources.close())
  return { resources, told }
}

/** Starts a command under limits. */
export async function startBounded (test: TestContext, resources: Resources, limits: ResourceLimits, command: readonly string[], name = 'worker'): Promise<Bounded> {
  const grip = await resources.enter(limits, name)
  test.after(() => grip.release())
  const [file = '', ...args] = [...grip.prefix, ...command]
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] }) as ChildProcess & { readonly pid: number }
  let text = ''
  child.stderr?.resume()
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  const groups = grip.prefix.filter((word) => word.endsWith('/cgroup.procs')).map((file) => file.slice(0, -'/cgroup.procs'.length))
  return {
    child,
    grip,
    groups,
    pids: () => groups[0] === undefined || !existsSync(groups[0]) ? [] : readFileSync(`${groups[0]}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number),
    stdout: () => text,
    exited: once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string | null)
  }
}

/** CPU seconds that a process has used, without its children. */
export function cpuSecondsOf (pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

import { access, constants, mkdir, readFile, rmdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { strangersIn } from './delegate.ts'
import { findOwnGroups } from './own-groups.ts'
import type { GroupParent, ResourceController, ResourceKind, ResourceSupport } from './types.ts'

const WANTED: readonly ResourceController[] = ['memory', 'cpu', 'pids']
const LESS = 'memory is bounded roughly and for each process alone, the number of processes only where a worker has a user id or user namespace to itself, and CPU not at all'
const DELEGATE = 'a service needs Delegate=yes; by hand: systemd-run --user --scope -p Delegate=yes drawbridge serve'

/**
 * Finds out by trying what bounds workers here, and moves nobody: cgroup v2 with at least memory and pids, else v1 with
 * any of the three controllers, else the limits of single processes. Never rejects.
 * @param procDirectory default `/proc`
 */
export async function probeResources (procDirectory = '/proc'): Promise<ResourceSupport> {
  const { unified, legacy } = await findOwnGroups(procDirectory)
  const modern = unified === undefined ? undefined : await tryUnified(unified)
  if (typeof modern === 'object') return supportOf('cgroup2', [modern])
  const parents: GroupParent[] = []
  for (const parent of legacy) if (await canMakeGroup(parent.directory)) parents.push(parent)
  if (parents.length > 0) return supportOf('cgroup1', parents)
  const why = legacy.length > 0 ? 'the control groups (v1) of the gateway cannot be written to' : modern ?? 'no control groups are mounted'
  return { kind: 'prlimit', controllers: [], parents: [], sentence: `${why}, so ${LESS}` }
}

/** @returns why it is of no use, or where groups can be made */
async function tryUnified (directory: string): Promise<GroupParent | string> {
  const offered = (await readFile(join(directory, 'cgroup.controllers'), 'utf8').catch(() => '')).split(/\s+/)
  const controllers = WANTED.filter((controller) => offered.includes(controller))
  if (!controllers.includes('memory') || !controllers.includes('pids')) return 'the control group of the gateway was not given the controllers memory and pids'
  const isWritable = await Promise.all(['cgroup.procs', 'cgroup.subtree_control'].map(async (file) => await access(join(directory, file), constants.W_OK)))
    .then(async () => await canMakeGroup(directory), () => false)
  if (!isWritable) return `the control group of the gateway is not its own (${DELEGATE})`
  // Only the root group, which has no type, may have processes beside groups with limits.
  const strangers = existsSync(join(directory, 'cgroup.type')) ? await strangersIn(directory) : []
  return strangers.length === 0 ? { directory, controllers } : `other programs run in the gateway's control group (${DELEGATE})`
}

/** By making one: to access(2) of root a read-only mount looks writable. */
async function canMakeGroup (directory: string): Promise<boolean> {
  const group = join(directory, `drawbridge-probe-${process.pid}`)
  return await mkdir(group).then(async () => {
    await rmdir(group)
    return true
  }).catch(() => false)
}

function supportOf (kind: ResourceKind, parents: readonly GroupParent[]): ResourceSupport {
  const controllers = WANTED.filter((controller) => parents.some((parent) => parent.controllers.includes(controller)))
  const missing = WANTED.filter((controller) => !controllers.includes(controller))
  const rest = missing.length === 0 ? '' : `, but there is no controller for ${missing.join(' and ')}`
  return { kind, controllers, parents, sentence: `${controllers.join(', ')} of a worker and all it starts are bounded by control groups (${kind === 'cgroup2' ? 'v2' : 'v1'})${rest}` }
}

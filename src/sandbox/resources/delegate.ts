import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isKin } from './kinship.ts'
import { LEAF } from './own-groups.ts'
import type { ResourceController } from './types.ts'

/**
 * Lets groups under a v2 group have limits. Only a group without processes of its own may hand controllers down
 * ("no internal processes"), so the gateway, with those that started it and those it started, moves into a leaf first, as
 * systemd asks of services with Delegate=yes.
 * @throws the system's error, EBUSY when other programs share the group; nobody has moved then
 */
export async function delegateControllers (directory: string, controllers: readonly ResourceController[]): Promise<void> {
  const control = join(directory, 'cgroup.subtree_control')
  const handDown = async (): Promise<void> => { await put(control, controllers.map((controller) => `+${controller}`).join(' ')) }
  try {
    await handDown()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    await moveIntoLeaf(directory, handDown)
  }
}

/** Processes directly in a v2 group that have nothing to do with the gateway. */
export async function strangersIn (directory: string): Promise<number[]> {
  return (await processesIn(directory)).filter((pid) => !isKin(pid))
}

async function moveIntoLeaf (directory: string, andThen: () => Promise<void>): Promise<void> {
  const leaf = join(directory, LEAF)
  const ours = (await processesIn(directory)).filter(isKin)
  await mkdir(leaf, { recursive: true })
  try {
    for (const pid of ours) await moveTo(leaf, pid)
    await andThen()
  } catch (error) {
    for (const pid of ours) await moveTo(directory, pid)
    await rmdir(leaf).catch(() => {})
    throw error
  }
}

/** A process that has ended need not move. */
async function moveTo (group: string, pid: number): Promise<void> {
  await put(join(group, 'cgroup.procs'), String(pid)).catch(() => {})
}

async function processesIn (directory: string): Promise<number[]> {
  return (await readFile(join(directory, 'cgroup.procs'), 'utf8')).split('\n').map(Number).filter((pid) => pid > 0)
}

async function put (file: string, text: string): Promise<void> {
  await writeFile(file, text)
}

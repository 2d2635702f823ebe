import { randomUUID } from 'node:crypto'
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seccompFilter } from './filter.ts'
import type { FilteredArch } from './filter.ts'

const filters = new Map<FilteredArch, Buffer>()

/**
 * A descriptor that holds the filter for this machine, to be read from its beginning, once: for one `bwrap --seccomp`.
 * The caller closes it. Nothing of it has a name any more.
 * @param directory where a file may be made; default the system's for temporary files
 * @returns undefined where there is no filter for this machine
 * @throws the system's error when no file can be made
 */
export function openFilter (directory: string = tmpdir()): number | undefined {
  const { arch } = process
  if (process.platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) return undefined
  const filter = filters.get(arch) ?? seccompFilter(arch)
  filters.set(arch, filter)
  const path = join(directory, `db-seccomp-${randomUUID()}`)
  const descriptor = openSync(path, 'wx+', 0o600)
  try {
    unlinkSync(path)
    // At a position: what is read next is still the first byte.
    writeSync(descriptor, filter, 0, filter.length, 0)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

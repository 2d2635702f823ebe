import { chmod, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Removes a directory with read-only package stores in it, as an ordinary user, too. */
export async function removeStore (folder: string): Promise<void> {
  await makeWritable(folder)
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}

async function makeWritable (folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name))
  }
}

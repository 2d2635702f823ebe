import { lchownSync, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GatewayError } from '../shared/errors.ts'
import type { ContainRequest } from './types.ts'

/**
 * Refuses data directories that lead through a link which a worker may have made: with it one server's worker could lead
 * another's start, which is done with the gateway's rights, to any place of the host (T43).
 * @param uid of workers: who may have made a link
 * @throws GatewayError GW_UPSTREAM_START, naming the link
 */
export function refuseLinks ({ server, dataDirs }: Pick<ContainRequest, 'server' | 'dataDirs'>, uid: number): void {
  for (const directory of dataDirs) {
    for (let path = directory; path !== dirname(path); path = dirname(path)) {
      const stat = lstatSync(path, { throwIfNoEntry: false })
      if (stat?.isSymbolicLink() !== true || stat.uid !== uid) continue
      throw new GatewayError('GW_UPSTREAM_START', { reason: `mcpServers.${server}: ${path} is a link to ${readlinkSync(path)} that belongs to the user of workers; write the real directory into the entry` })
    }
  }
}

/**
 * Gives directories to the user of a worker, with what the gateway's own user has put into them; only root can. What belongs to
 * anybody else stays as it is.
 */
export function giveDirectories (directories: readonly string[], uid: number): void {
  const own = process.getuid?.() ?? 0
  if (own !== 0) return
  for (const directory of directories) giveTree(directory, own, uid)
}

/** What of a request belongs to its worker. */
export function ownDirectories ({ privateDir, tmpDir, dataDirs }: ContainRequest): string[] {
  return [privateDir, tmpDir, ...dataDirs]
}

/** Inner ones first: nothing of a directory that is the worker's already is looked at, so it cannot be changed under our feet. */
function giveTree (path: string, from: number, to: number): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  // A second name of a file may be anybody's.
  if (stat === undefined || stat.uid !== from || (!stat.isDirectory() && stat.nlink > 1)) return
  if (stat.isDirectory()) for (const name of readdirSync(path)) giveTree(join(path, name), from, to)
  lchownSync(path, to, to)
}

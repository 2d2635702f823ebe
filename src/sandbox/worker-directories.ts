import { lchownSync, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { GatewayError } from '../shared/errors.ts'
import type { ContainRequest } from './types.ts'

/** As the kernel: after so many it gives up. */
const MAX_LINKS = 40

/**
 * Refuses data directories that lead through a link which a worker may have made: with it one server's worker could lead
 * another's start, which is done with the gateway's rights, to any place of the host (T43).
 * @param uid of workers: who may have made a link
 * @throws GatewayError GW_UPSTREAM_START, naming the link
 */
export function refuseLinks ({ server, dataDirs }: Pick<ContainRequest, 'server' | 'dataDirs'>, uid: number): void {
  refuseLinksOn(server, dataDirs, (link) => lstatSync(link).uid === uid)
}

/**
 * Refuses paths whose resolution meets a link for which `isSuspect`.
 * @throws GatewayError GW_UPSTREAM_START, naming the link
 */
export function refuseLinksOn (server: string, paths: readonly string[], isSuspect: (link: string) => boolean): void {
  for (const link of paths.flatMap(linksOn)) {
    if (!isSuspect(link)) continue
    throw new GatewayError('GW_UPSTREAM_START', { reason: `mcpServers.${server}: ${link} is a link to ${readlinkSync(link)} that belongs to the user of workers; write the real path into the entry, or the directory that it is in into sandbox.readOnly` })
  }
}

/** Every link that the kernel goes through for an absolute path, as far as there is something. */
function linksOn (path: string): string[] {
  const links: string[] = []
  let rest = path.split('/')
  for (let at = '/'; rest.length > 0;) {
    const [name = '', ...next] = rest
    const here = join(at, name)
    const isLink = lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink() === true
    rest = isLink ? [...readlinkSync(here).split('/'), ...next] : next
    if (!isLink) at = here
    else if (readlinkSync(here).startsWith('/')) at = '/'
    if (isLink && links.push(here) > MAX_LINKS) break
  }
  return links
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

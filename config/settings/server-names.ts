import { createHash } from 'node:crypto'
import { brandAs } from '../../src/shared/ids.ts'
import type { ServerName } from '../../src/shared/ids.ts'
import type { Report } from '../fault.ts'
import { SERVER_NAME } from '../schema/names.ts'
import type { Named } from './merge.ts'

const MAX_LENGTH = 32

/**
 * Names as requests use them, by the name in the file. A name outside the pattern gets a slug and a warning; two that
 * end up equal are a fault (rulings 5).
 */
export function assignServerNames (servers: readonly Named<unknown>[], report: Report): ReadonlyMap<string, ServerName> {
  const taken = new Map<string, Named<unknown>>()
  const assigned = new Map<string, ServerName>()
  for (const server of servers) {
    const name = SERVER_NAME.test(server.name) ? server.name : slugOf(server.name)
    const other = taken.get(name)
    if (other !== undefined && other.name !== server.name) {
      report.fault(server.place, `expected distinct names, but ${JSON.stringify(other.name)} and ${JSON.stringify(server.name)} would both be served as ${name}`)
      continue
    }
    if (name !== server.name) report.warn(server.place, `is served as ${name}: names are 1 to 32 of A-Z, a-z, 0-9, - and single _`)
    taken.set(name, server)
    assigned.set(server.name, brandAs<ServerName>(name))
  }
  return assigned
}

/** A name of the pattern that resembles the original; a hash where nothing of it can be kept. */
export function slugOf (original: string): string {
  const slug = original
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/_{2,}/g, '_')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MAX_LENGTH)
    .replace(/[_-]+$/, '')
  return slug === '' ? `server-${createHash('sha256').update(original).digest('hex').slice(0, 8)}` : slug
}

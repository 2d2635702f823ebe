import { within } from '../fault.ts'
import type { Place, Report } from '../fault.ts'
import type { Isolation } from '../../src/shared/settings/server.ts'
import type { ServerEntry } from '../schema/server-entry.ts'

const TENANT = '{tenant}'
const USER = '{user}'
/** Probably meant as one of the two, but not replaced. */
const NEAR_TEMPLATE = /\{(?:\$?tenant[\w.-]*|\$?user[\w.-]*)\}/gi

/** Strings of an entry that templates work in, with their places. */
function templated (entry: ServerEntry, place: Place): { text: string, place: Place }[] {
  const list = (values: readonly string[] | undefined, ...keys: string[]) => (values ?? []).map((text, index) => ({ text, place: within(place, ...keys, index) }))
  return [
    ...list(entry.args, 'args'),
    ...Object.entries(entry.env ?? {}).map(([name, value]) => ({ text: String(value), place: within(place, 'env', name) })),
    ...(entry.cwd === undefined ? [] : [{ text: entry.cwd, place: within(place, 'cwd') }]),
    ...list(entry.sandbox?.readOnly, 'sandbox', 'readOnly'),
    ...list(entry.sandbox?.writable, 'sandbox', 'writable')
  ]
}

/** A template needs a worker that belongs to what it names; elsewhere nothing would ever fill it. */
export function checkTemplates (entry: ServerEntry, isolation: Isolation, place: Place, report: Report): void {
  for (const { text, place: at } of templated(entry, place)) {
    if (isolation === 'shared' && (text.includes(TENANT) || text.includes(USER))) {
      report.fault(at, 'expected no {tenant} or {user}, because with isolation "shared" a worker belongs to nobody')
    } else if (isolation === 'tenant' && text.includes(USER)) {
      report.fault(at, 'expected no {user}, because with isolation "tenant" a worker belongs to all users of the tenant')
    }
    for (const [near] of text.matchAll(NEAR_TEMPLATE)) {
      if (near !== TENANT && near !== USER) report.warn(at, `${near} is not replaced; only {tenant} and {user} are`)
    }
    if (text.startsWith('~/')) report.warn(at, '~ is not expanded, because no shell is used; write the whole path, or $' + '{HOME}')
  }
  refuseElsewhere(entry, place, report)
}

function refuseElsewhere (entry: ServerEntry, place: Place, report: Report): void {
  const elsewhere: [Place, string | undefined][] = [
    [within(place, 'command'), entry.command],
    [within(place, 'url'), entry.url],
    ...Object.entries(entry.headers ?? {}).map(([name, value]): [Place, string] => [within(place, 'headers', name), value])
  ]
  for (const [at, text] of elsewhere) {
    if (text?.includes(TENANT) === true || text?.includes(USER) === true) report.fault(at, 'expected no {tenant} or {user}: they are replaced in args, env, cwd and sandbox paths only')
  }
}
